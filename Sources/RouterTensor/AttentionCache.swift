import CRouterKernels

/// The keys and values of one head, in memory that somebody else owns: blocks of 128 positions (see
/// `router_kernels.h`).
package struct AttentionCache {
  /// Positions of a block.
  package static let blockPositions = Int(rk_cache_block)
  /// Positions whose keys may share a cache line of 64 bytes; threads that write to one line disturb each other.
  package static let linePositions = 32

  let view: rk_cache

  /// - Parameters:
  ///   - keys: the keys of the first block, `[2, K, 64]`.
  ///   - values: the values of the first block, `[128, K]`.
  ///   - blockStride: elements from a block to the next.
  ///   - width: K.
  package init(
    keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer, blockStride: Int, width: Int,
    element: CacheElement
  ) {
    view = rk_cache(
      keys: keys, values: values, stride: blockStride, width: width, element: element.code)
  }
}
