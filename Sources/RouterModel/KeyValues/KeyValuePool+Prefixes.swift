import RouterTensor
import Synchronization

// Prefixes that are kept whatever happens to the index: their pages are held from outside of it.
extension KeyValuePool {
  /// A token sequence that the index is always to know.
  struct KeptPages: Sendable {
    let id: Int
    let tokens: [Int32]
    let pages: [Int]
    let scope: PrefixIndex.Scope
  }

  /// Has the index know a token sequence until ``forget(_:)``, whose pages the caller holds until then.
  ///
  /// - Returns: what to forget it by.
  func keep(_ tokens: [Int32], pages: [Int], scope: PrefixIndex.Scope) -> Int {
    state.withLock { state in
      let id = (state.kept.last?.id ?? 0) + 1
      state.kept.append(KeptPages(id: id, tokens: tokens, pages: pages, scope: scope))
      state.remember(tokens[...], pages: pages, scope: scope)
      return id
    }
  }

  /// Holds the whole pages that are known of a token sequence; each is to be released.
  func holdPages(of tokens: [Int32], scope: PrefixIndex.Scope) -> [Int] {
    let size = KeyValueLayout.pagePositions
    let match = hold(tokens, limit: tokens.count / size * size, scope: scope).match
    if let tail = match.tail { release(tail.page) }
    return match.pages
  }

  /// Lets the index forget a token sequence when somebody needs the room.
  func forget(_ id: Int) { state.withLock { $0.kept.removeAll { $0.id == id } } }

  /// The memory of a page that somebody holds.
  func memory(of page: Int) -> AlignedBuffer { state.withLock { $0.pages[page] } }

  /// Keeps a token sequence whose keys and values are known from before. Whole pages that are known already are shared.
  ///
  /// - Parameters:
  ///   - tokens: `[T]`, at least one.
  ///   - fill: writes the bytes of a page, 0-based, zero behind the last position.
  /// - Throws: ``ModelError`` `outOfPages` if there is no room.
  package func restore(
    _ tokens: [Int32], scope: PrefixIndex.Scope, fill: (Int, UnsafeMutableRawBufferPointer) -> Void
  ) throws(ModelError) -> HeldPrefix {
    let count = KeyValueLayout.pageCount(for: tokens.count)
    var pages = holdPages(of: tokens, scope: scope)
    guard promise(count - pages.count) else {
      for page in pages { release(page) }
      let usage = self.usage
      throw ModelError(
        .outOfPages,
        "a kept prefix takes \(count) pages of keys and values; \(usage.pagesHeld) of \(usage.pageLimit) are held",
        remedy: "Give keys and values more memory.")
    }
    for index in pages.count..<count {
      let (page, memory) = take()
      fill(index, UnsafeMutableRawBufferPointer(start: memory, count: layout.pageByteCount))
      pages.append(page)
    }
    return HeldPrefix(in: self, tokens: tokens, pages: pages, scope: scope)
  }
}

extension KeyValuePool.State {
  /// Has the index know all that is kept: what went with a page of somebody else's comes again with its own.
  mutating func learnKept() {
    guard isKeptStale else { return }
    for entry in kept { remember(entry.tokens[...], pages: entry.pages, scope: entry.scope) }
    isKeptStale = false
  }
}

extension PageTable {
  /// Keeps the pages of the first tokens of the sequence, all of them, which are complete and exact: those that others
  /// have of the same tokens where there are such, so that they are held once.
  func hold(_ tokens: [Int32], scope: PrefixIndex.Scope) -> HeldPrefix {
    let count = KeyValueLayout.pageCount(for: tokens.count)
    let tail = tokens.count % KeyValueLayout.pagePositions
    var held = pool.holdPages(of: tokens, scope: scope)
    for page in pages[held.count..<count] {
      pool.retain(page)
      held.append(page)
    }
    // A page that is not full is nobody else's: others copy it.
    if tail > 0, let last = blocks[count - 1] { layout.clear(from: tail, of: last) }
    return HeldPrefix(in: pool, tokens: tokens, pages: held, scope: scope)
  }
}

extension ModelSequence {
  /// Keeps the pages of a sequence that has ended, as far as `tokens` go; what they hold behind them is set to zero.
  ///
  /// - Parameter tokens: of the sequence, from its first position on, at least one.
  /// - Returns: nil unless all of them have the keys and values of a full run in every layer of the model.
  package func hold(_ tokens: [Int32], scope: PrefixIndex.Scope) -> HeldPrefix? {
    guard depthLimit == model.layerCount, !tokens.isEmpty, tokens.count <= min(position, exactLimit) else {
      return nil
    }
    return pages.hold(tokens, scope: scope)
  }
}
