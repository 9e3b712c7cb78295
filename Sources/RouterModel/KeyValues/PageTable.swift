/// The pages of one sequence, in the order of its positions. One thread at a time uses it.
package final class PageTable {
  let pool: KeyValuePool
  /// Where each page starts; as long as the capacity asks, so that it never moves.
  let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private(set) var pages: [Int] = []
  /// Pages that the pool has promised beyond those.
  private var promised = 0
  private let pageCapacity: Int

  /// Has no pages yet, and place for `positions` positions.
  init(in pool: KeyValuePool, positions: Int) {
    self.pool = pool
    pageCapacity = KeyValueLayout.pageCount(for: positions)
    blocks = .allocate(capacity: max(pageCapacity, 1))
    blocks.initialize(repeating: nil, count: max(pageCapacity, 1))
  }

  deinit {
    releaseAll()
    blocks.deallocate()
  }

  /// Has pages promised for the first `positions` positions; false if the pool has not so many, and nothing is promised
  /// then.
  func reserve(_ positions: Int) -> Bool {
    let missing = min(KeyValueLayout.pageCount(for: positions), pageCapacity) - pages.count - promised
    guard missing > 0 else { return true }
    guard pool.promise(missing) else { return false }
    promised += missing
    return true
  }

  /// Positions that there are pages for, taken or promised.
  var reserved: Int { (pages.count + promised) * KeyValueLayout.pagePositions }

  /// Gives back all pages, and those that were promised.
  func releaseAll() {
    for page in pages { pool.release(page) }
    pages.removeAll()
    pool.withdraw(promised)
    promised = 0
  }

  /// How the pages' keys and values lie.
  var layout: KeyValueLayout { pool.layout }

  /// Begins with the pages of what is known of the first `limit` tokens, as far as pages are promised: whole ones are
  /// shared, the last is copied.
  ///
  /// - Returns: positions that are known.
  func adopt(_ tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    precondition(pages.isEmpty, "\(pages.count) pages are taken")
    let (match, memory) = pool.hold(tokens, limit: min(limit, reserved), scope: scope)
    for (page, memory) in zip(match.pages, memory) {
      blocks[pages.count] = memory
      pages.append(page)
    }
    // Nobody else takes what is shared.
    pool.withdraw(match.pages.count)
    promised -= match.pages.count
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
    precondition(wanted <= pages.count + promised, "\(positions) positions of \(reserved)")
    while pages.count < wanted {
      let (page, memory) = pool.take()
      promised -= 1
      blocks[pages.count] = memory
      pages.append(page)
    }
  }
}
