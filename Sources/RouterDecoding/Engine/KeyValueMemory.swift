import RouterModel

/// The memory of an engine's keys and values: pages of ``pagePositions`` positions in all layers.
package struct KeyValueMemory: Sendable, Equatable {
  /// Pages that sequences hold.
  package let heldPages: Int
  /// Pages beyond those that sequences may still take.
  package let promisedPages: Int
  /// Pages that nobody holds, kept for requests that begin with the same tokens.
  package let idlePages: Int
  /// Pages that sharing saves at this moment.
  package let sharedPages: Int
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

  package init(
    heldPages: Int, promisedPages: Int, idlePages: Int, sharedPages: Int, pageLimit: Int, pageByteCount: Int,
    byteCount: Int
  ) {
    self.heldPages = heldPages
    self.promisedPages = promisedPages
    self.idlePages = idlePages
    self.sharedPages = sharedPages
    self.pageLimit = pageLimit
    self.pageByteCount = pageByteCount
    self.byteCount = byteCount
  }

  init(_ usage: KeyValueUsage) {
    self.init(
      heldPages: usage.pagesHeld, promisedPages: usage.pagesPromised, idlePages: usage.pagesIdle,
      sharedPages: usage.pagesShared, pageLimit: usage.pageLimit,
      pageByteCount: usage.pageByteCount, byteCount: usage.pagesMade * usage.pageByteCount)
  }
}
