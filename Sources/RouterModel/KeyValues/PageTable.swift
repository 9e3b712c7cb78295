/// The pages of one sequence, in the order of its positions. One thread at a time uses it.
package final class PageTable {
  let pool: KeyValuePool
  /// Where each page starts; as long as the capacity asks, so that it never moves.
  let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private(set) var pages: [Int] = []
  private let pageCapacity: Int

  /// Has pages promised for `positions` positions.
  ///
  /// - Throws: ``ModelError`` `outOfPages` if the pool has not so many.
  package init(in pool: KeyValuePool, positions: Int) throws(ModelError) {
    let count = KeyValueLayout.pageCount(for: positions)
    guard pool.promise(count) else {
      let usage = pool.usage
      throw ModelError(
        .outOfPages,
        "\(count) pages of keys and values were asked for; \(usage.pagesHeld) of \(usage.pageLimit) are held and "
          + "\(usage.pagesPromised) promised",
        remedy: "Wait until a sequence ends, or give keys and values more memory.")
    }
    self.pool = pool
    pageCapacity = count
    blocks = .allocate(capacity: max(count, 1))
    blocks.initialize(repeating: nil, count: max(count, 1))
  }

  deinit {
    for page in pages { pool.release(page) }
    pool.withdraw(pageCapacity - pages.count)
    blocks.deallocate()
  }

  /// How the pages' keys and values lie.
  var layout: KeyValueLayout { pool.layout }

  /// Begins with the pages of what is known of the first `limit` tokens: whole ones are shared, the last is copied.
  ///
  /// - Returns: positions that are known.
  func adopt(_ tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    precondition(pages.isEmpty, "\(pages.count) pages are taken")
    let (match, memory) = pool.hold(tokens, limit: limit, scope: scope)
    for (page, memory) in zip(match.pages, memory) {
      blocks[pages.count] = memory
      pages.append(page)
    }
    // Nobody else takes what is shared.
    pool.withdraw(match.pages.count)
    if let tail = match.tail {
      // Where there is no other page left, the tail's own is the one that is taken.
      pool.release(tail.page)
      reach(match.count)
      blocks[pages.count - 1]?.copyMemory(from: memory[match.pages.count], byteCount: layout.pageByteCount)
    }
    return match.count
  }

  /// How many of the first `limit` tokens are known.
  func knownCount(of tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    pool.knownCount(of: tokens, limit: limit, scope: scope)
  }

  /// Lets others begin with the pages of these tokens, which they hold from the first position on.
  func remember(_ tokens: ArraySlice<Int32>, scope: PrefixIndex.Scope) {
    pool.remember(tokens, pages: pages.prefix(KeyValueLayout.pageCount(for: tokens.count)), scope: scope)
  }

  /// Takes pages until the first `positions` positions have one.
  func reach(_ positions: Int) {
    let wanted = KeyValueLayout.pageCount(for: positions)
    precondition(wanted <= pageCapacity, "\(positions) positions of \(pageCapacity) pages")
    while pages.count < wanted {
      let (page, memory) = pool.take()
      blocks[pages.count] = memory
      pages.append(page)
    }
  }
}
