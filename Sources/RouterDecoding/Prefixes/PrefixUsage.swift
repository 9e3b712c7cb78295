/// What kept prefixes take.
package struct PrefixUsage: Sendable, Equatable {
  /// Prefixes that are kept.
  package let count: Int
  /// Pages that they hold, one that several hold counted once.
  package let pages: Int
  /// Pages that they may hold.
  package let pageLimit: Int

  package init(count: Int, pages: Int, pageLimit: Int) {
    self.count = count
    self.pages = pages
    self.pageLimit = pageLimit
  }
}
