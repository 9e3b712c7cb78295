import RouterCheckpoint
import RouterTensor

/// How the keys and values of a page lie: `[layers, G, 2]` blocks of ``CacheElement/blockByteCount(width:)`` bytes, all
/// that belongs to the same 128 positions.
package struct KeyValueLayout: Sendable, Equatable {
  /// Layers that a page has room for.
  package let layerCount: Int
  /// G, heads of keys and values.
  package let headCount: Int
  /// K, elements of a head.
  package let width: Int
  package let element: CacheElement

  /// Positions of a page: a block of the attention kernels.
  package static let pagePositions = AttentionCache.blockPositions

  /// The layout of a model's pages.
  ///
  /// - Parameter element: nil for ``LlamaModel/fittingCacheElement``.
  package init(of model: LlamaModel, element: CacheElement? = nil) {
    layerCount = model.layerCount
    headCount = model.configuration.keyValueHeadCount
    width = model.configuration.headWidth
    self.element = element ?? model.fittingCacheElement
  }

  /// Bytes of a page.
  package var pageByteCount: Int { layerCount * headCount * 2 * blockByteCount }

  /// Pages that so many positions take.
  package static func pageCount(for positions: Int) -> Int {
    (positions + pagePositions - 1) / pagePositions
  }

  /// Bytes of a head's keys, or values, of a page.
  var blockByteCount: Int { element.blockByteCount(width: width) }

  /// The keys and values of one head of one layer.
  ///
  /// - Parameters:
  ///   - layer: 0-based.
  ///   - head: 0 ..< G.
  ///   - blocks: where each page starts, in the order of positions.
  func cache(
    layer: Int, head: Int, in blocks: UnsafePointer<UnsafeMutableRawPointer?>
  ) -> AttentionCache {
    let keys = (layer * headCount + head) * 2 * blockByteCount
    return AttentionCache(
      blocks: blocks, keys: keys, values: keys + blockByteCount, width: width, element: element)
  }
}

extension LlamaModel {
  /// The element type that was asked for, or else the one that suits the model's arithmetic: f16 where activations
  /// are rounded to 8 bits, an error that is a hundred times its own; f32 where they are exact.
  package var fittingCacheElement: CacheElement {
    if let cacheElement { return cacheElement }
    let isQuantised = weights.layers.contains { $0.query.encoding.isQuantized }
    return isQuantised && matmul.precision == .int8 ? .f16 : .f32
  }
}
