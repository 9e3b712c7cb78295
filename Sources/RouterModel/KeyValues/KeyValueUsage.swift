/// How many pages of keys and values there are.
package struct KeyValueUsage: Sendable, Equatable {
  /// Pages that sequences hold.
  package let pagesHeld: Int
  /// Pages beyond those that sequences may still take.
  package let pagesPromised: Int
  /// Pages that nobody holds, kept for sequences that begin with the same tokens.
  package let pagesIdle: Int
  /// Pages that sharing has saved sequences: holds beyond the first of each.
  package let pagesShared: Int
  /// Pages whose memory has been made, held or not.
  package let pagesMade: Int
  /// Pages that there may be.
  package let pageLimit: Int
  /// Bytes of a page.
  package let pageByteCount: Int

  /// Pages that may be promised: those that are idle would make room.
  package var freePages: Int { pageLimit - pagesHeld - pagesPromised }
}
