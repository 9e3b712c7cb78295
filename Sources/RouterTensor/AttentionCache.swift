import CRouterKernels

/// The keys and values of one head, in memory that somebody else owns: blocks of 128 positions that may lie anywhere
/// (see `router_kernels.h`).
package struct AttentionCache {
  /// Positions of a block.
  package static let blockPositions = Int(rk_cache_block)
  /// Positions whose keys lie side by side.
  package static let tilePositions = Int(rk_cache_tile)

  let view: rk_cache

  /// - Parameters:
  ///   - blocks: where each block starts, in the order of positions.
  ///   - keys: bytes from there to the keys, `[2, K, 64]`, and their scales if the elements have any, f32 `[128]`.
  ///   - values: bytes from there to the values, `[128, K]`, and their scales.
  ///   - width: K.
  package init(
    blocks: UnsafePointer<UnsafeMutableRawPointer?>, keys: Int, values: Int, width: Int, element: CacheElement
  ) {
    view = rk_cache(blocks: blocks, keys: keys, values: values, width: width, element: element.code)
  }

  /// Where the keys of block `block` begin.
  package func keys(of block: Int) -> UnsafeRawPointer? {
    view.blocks[block].map { UnsafeRawPointer($0 + view.keys) }
  }
}
