import RouterModel

/// The memory of an engine's keys and values: pages of ``pagePositions`` positions in all layers.
package struct KeyValueMemory: Sendable, Equatable {
  /// Pages that sequences hold.
  package let heldPages: Int
  /// Pages beyond those that sequences may still take.
  package let promisedPages: Int
  /// Pages that there may be.
  package let pageLimit: Int
  /// Bytes of a page.
  package let pageByteCount: Int
  /// Bytes of the pages whose memory has been made, held or not.
  package let byteCount: Int

  /// Positions of a page.
  package static let pagePositions = KeyValueLayout.pagePositions

  /// Share of the pages that sequences hold, 0 ... 1.
  package var share: Double { Double(heldPages) / Double(max(pageLimit, 1)) }

  package init(heldPages: Int, promisedPages: Int, pageLimit: Int, pageByteCount: Int, byteCount: Int) {
    self.heldPages = heldPages
    self.promisedPages = promisedPages
    self.pageLimit = pageLimit
    self.pageByteCount = pageByteCount
    self.byteCount = byteCount
  }

  init(_ usage: KeyValueUsage) {
    self.init(
      heldPages: usage.pagesHeld, promisedPages: usage.pagesPromised, pageLimit: usage.pageLimit,
      pageByteCount: usage.pageByteCount, byteCount: usage.pagesMade * usage.pageByteCount)
  }
}
