import RouterTensor

/// A token sequence whose exact keys and values stay in a pool for as long as this object lives.
///
/// Its pages count as held, so they are never evicted; nobody writes to them. Requests of its scope that begin with its
/// tokens find them. Afterwards they are like any others that were left behind.
package final class HeldPrefix: Sendable {
  /// `[T]`: token ids.
  package let tokens: [Int32]
  /// Numbers of the pages of its positions, in their order.
  package let pages: [Int]
  private let pool: KeyValuePool
  private let id: Int

  /// - Parameter pages: hold the tokens' exact keys and values, zero behind the last position, and are the caller's to
  ///   release, which from now on is this object's.
  init(in pool: KeyValuePool, tokens: [Int32], pages: [Int], scope: PrefixIndex.Scope) {
    self.pool = pool
    self.tokens = tokens
    self.pages = pages
    id = pool.keep(tokens, pages: pages, scope: scope)
  }

  deinit {
    pool.forget(id)
    for page in pages { pool.release(page) }
  }

  /// Copies the bytes of a page, 0-based; any thread may.
  package func copyPage(_ index: Int, into target: UnsafeMutableRawBufferPointer) {
    let memory = pool.memory(of: pages[index])
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory.bytes[..<pool.layout.pageByteCount]))
  }
}
