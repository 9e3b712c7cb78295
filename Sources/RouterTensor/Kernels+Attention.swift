import CRouterKernels

// Attention over a cache, with an online softmax over its blocks (arXiv 2205.14135, algorithm 1).
extension Kernels {
  /// Queries that go through a block together; fewer leave registers unused.
  package static let sharedQueries = 24

  /// Puts a key and a value, f32 `[K]` each, into a cache.
  package func store(
    key: UnsafePointer<Float>, value: UnsafePointer<Float>, at position: Int, in cache: AttentionCache
  ) {
    withUnsafePointer(to: cache.view) { table.pointee.store($0, position, key, value) }
  }

  /// `output = softmax(scale * queries . keys) . values` for the rows `rows`; causal.
  ///
  /// A row's bits depend on no other row and not on how rows are divided among calls.
  ///
  /// - Parameters:
  ///   - next: where the keys begin that will be read after these.
  ///   - output: laid out as the queries are.
  package func attend(
    _ queries: AttentionQueries, rows: Range<Int>, over cache: AttentionCache,
    then next: UnsafeRawPointer? = nil,
    into output: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: cache.view) { cache in
      withUnsafePointer(to: queries.view) { queries in
        table.pointee.attend(
          cache, queries, rows.lowerBound, rows.upperBound, next, output)
      }
    }
  }

  /// What block `block` of a cache contributes to rows `0 ..< rows`.
  ///
  /// - Parameters:
  ///   - next: where the keys begin that will be read after these.
  ///   - parts: f32 `[rows, heads, K + 2]`, for ``join(parts:stride:blocks:width:into:)``.
  package func attendPart(
    _ queries: AttentionQueries, rows: Int, block: Int, over cache: AttentionCache,
    then next: UnsafeRawPointer? = nil,
    into parts: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: cache.view) { cache in
      withUnsafePointer(to: queries.view) { queries in
        table.pointee.attend_part(cache, queries, rows, block, next, parts)
      }
    }
  }

  /// One query's output f32 `[K]` from its parts of blocks `0 ..< blocks`: the bits that ``attend`` gives.
  ///
  /// - Parameter stride: floats from a block's part to the next block's.
  package func join(
    parts: UnsafePointer<Float>, stride: Int, blocks: Int, width: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    table.pointee.attend_join(parts, stride, blocks, width, output)
  }
}
