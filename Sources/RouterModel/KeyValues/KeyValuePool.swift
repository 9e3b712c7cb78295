import RouterTensor
import Synchronization

/// Owns every page of keys and values: memory for 128 positions in all layers each, counted by reference.
///
/// A page's memory is made when it is first needed and kept for the next sequence, so that a sequence costs what it
/// has reached. A sequence has pages promised before it takes them, so that none runs out of them in the middle of a
/// sweep.
///
/// Pages of token sequences that may begin others are remembered, and stay after their sequences have ended: *idle*, until
/// somebody needs room; the pages that were used the longest time ago go first.
///
/// Only the thread that runs a model reads and writes the pages; any may ask for ``usage``.
package final class KeyValuePool: Sendable {
  package let layout: KeyValueLayout
  /// Pages that there may be.
  package let pageLimit: Int
  let state: Mutex<State>

  struct State {
    /// Memory by page number.
    var pages: [AlignedBuffer] = []
    /// Holders of each page: sequences, and the index.
    var references: [Int] = []
    /// Whether the index is among a page's holders.
    var isIndexed: [Bool] = []
    /// Which pages begin which token sequences.
    var index: PrefixIndex
    /// Token sequences that the index is to know always, by ascending number.
    var kept: [KeptPages] = []
    /// Whether the index may have forgotten one of those.
    var isKeptStale = false
    /// Pages that only the index holds.
    var idle = 0
    /// Pages that nobody holds; the last freed is taken first, since it is in the caches.
    var free: [Int] = []
    /// Pages that sequences may still take.
    var promised = 0
  }

  /// - Parameters:
  ///   - pageLimit: nil for as many as the machine's memory has room for.
  ///   - index: where token sequences are remembered.
  package init(_ layout: KeyValueLayout, pageLimit: Int? = nil, index: PrefixIndex = PrefixIndex()) {
    self.layout = layout
    self.pageLimit = max(1, pageLimit ?? Int.max)
    state = Mutex(State(index: index))
  }

  /// Promises pages to a sequence.
  ///
  /// - Returns: false if there are not so many; nothing is promised then.
  package func promise(_ count: Int) -> Bool {
    state.withLock { state in
      guard count <= pageLimit - state.held - state.promised else { return false }
      state.promised += count
      return true
    }
  }

  /// Takes back a promise of pages that were not taken.
  package func withdraw(_ count: Int) { state.withLock { $0.promised -= count } }

  /// Takes one of the promised pages, whose bytes are what its last holder left.
  package func take() -> (page: Int, memory: UnsafeMutableRawPointer) {
    state.withLock { state in
      precondition(state.promised > 0, "a page that was not promised")
      state.promised -= 1
      if state.free.isEmpty && state.pages.count >= pageLimit { state.evict() }
      let page = state.free.popLast() ?? state.make(byteCount: layout.pageByteCount)
      state.references[page] = 1
      return (page, state.pages[page].pointer)
    }
  }

  /// Lets another sequence hold a page that somebody holds.
  package func retain(_ page: Int) { state.withLock { $0.retain(page) } }

  /// Ends a hold; the last one frees the page.
  package func release(_ page: Int) { state.withLock { $0.release(page) } }

  /// Holds the pages of what is known of the first `limit` tokens, that of the tail too; each is to be released.
  package func hold(
    _ tokens: [Int32], limit: Int, scope: PrefixIndex.Scope
  ) -> (match: PrefixIndex.Match, memory: [UnsafeMutableRawPointer]) {
    state.withLock { state in
      state.learnKept()
      let match = state.index.match(tokens, limit: limit, scope: scope)
      let pages = match.pages + (match.tail.map { [$0.page] } ?? [])
      for page in pages { state.retain(page) }
      return (match, pages.map { state.pages[$0].pointer })
    }
  }

  /// How many of the first `limit` tokens are known.
  package func knownCount(of tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    state.withLock { state in
      state.learnKept()
      return state.index.knownCount(of: tokens, limit: limit, scope: scope)
    }
  }

  /// Remembers which tokens' keys and values pages hold.
  package func remember(
    _ tokens: ArraySlice<Int32>, pages: some Collection<Int>, scope: PrefixIndex.Scope
  ) {
    state.withLock { $0.remember(tokens, pages: pages, scope: scope) }
  }

  /// Forgets which tokens' keys and values pages hold.
  package func forgetAll() { state.withLock { $0.drop($0.index.removeAll()) } }

  /// How many pages there are at this moment.
  package var usage: KeyValueUsage {
    state.withLock { state in
      KeyValueUsage(
        pagesHeld: state.held, pagesPromised: state.promised, pagesIdle: state.idle,
        pagesShared: state.shared,
        pagesMade: state.pages.count, pageLimit: pageLimit, pageByteCount: layout.pageByteCount)
    }
  }
}

extension KeyValuePool.State {
  /// Pages that sequences hold.
  fileprivate var held: Int { pages.count - free.count - idle }

  /// Holds of sequences on pages beyond the first of each.
  fileprivate var shared: Int {
    zip(references, isIndexed).reduce(0) { $0 + max(0, $1.0 - ($1.1 ? 2 : 1)) }
  }

  fileprivate mutating func make(byteCount: Int) -> Int {
    pages.append(AlignedBuffer(byteCount: byteCount))
    references.append(0)
    isIndexed.append(false)
    return pages.count - 1
  }

  /// Has the index know which tokens' keys and values pages hold.
  mutating func remember(
    _ tokens: ArraySlice<Int32>, pages: some Collection<Int>, scope: PrefixIndex.Scope
  ) {
    let (added, removed) = index.insert(tokens, pages: pages, scope: scope)
    for page in added {
      retain(page)
      isIndexed[page] = true
    }
    drop(removed)
  }

  fileprivate mutating func retain(_ page: Int) {
    precondition(references[page] > 0, "page \(page) is free")
    if isIdle(page) { idle -= 1 }
    references[page] += 1
  }

  fileprivate mutating func release(_ page: Int) {
    precondition(references[page] > 0, "page \(page) is free")
    references[page] -= 1
    if references[page] == 0 { free.append(page) }
    if isIdle(page) { idle += 1 }
  }

  private func isIdle(_ page: Int) -> Bool { isIndexed[page] && references[page] == 1 }

  /// Ends the index's holds.
  fileprivate mutating func drop(_ pages: [Int]) {
    if !pages.isEmpty && !kept.isEmpty { isKeptStale = true }
    for page in pages {
      if isIdle(page) { idle -= 1 }
      isIndexed[page] = false
      release(page)
    }
  }

  /// Frees an idle page.
  fileprivate mutating func evict() {
    let (references, isIndexed) = (references, isIndexed)
    drop(index.removeOldest { isIndexed[$0] && references[$0] == 1 })
  }
}
