import RouterCheckpoint
import RouterTensor

/// Keys and values of one layer, which shares its memory with the other layers of a session.
///
/// The memory is `[blocks, layers, G, 2, 128 * K]`: what belongs to the same 128 positions lies together, so that a
/// session of a large capacity costs no more memory than the positions it has reached.
struct KeyValueCache {
  private let memory: AlignedBuffer
  private let element: CacheElement
  private let width: Int
  /// Bytes before the layer's part of the first block.
  private let offset: Int
  /// Elements of one block of all layers.
  private let blockStride: Int

  /// The caches of the first `count` layers.
  static func layers(
    _ count: Int, configuration: ModelConfiguration, capacity: Int, element: CacheElement
  ) -> [KeyValueCache] {
    let blockCount = (capacity + AttentionCache.blockPositions - 1) / AttentionCache.blockPositions
    let layerStride = 2 * AttentionCache.blockPositions * configuration.keyValueWidth
    let blockStride = count * layerStride
    let memory = AlignedBuffer(byteCount: blockCount * blockStride * element.byteCount)
    return (0..<count).map { layer in
      KeyValueCache(
        memory: memory, element: element, width: configuration.headWidth,
        offset: layer * layerStride * element.byteCount, blockStride: blockStride)
    }
  }

  /// The keys and values of head `head`, 0 ..< G.
  func head(_ head: Int) -> AttentionCache {
    let byteCount = AttentionCache.blockPositions * width * element.byteCount
    let keys = memory.pointer + offset + head * 2 * byteCount
    return AttentionCache(
      keys: keys, values: keys + byteCount, blockStride: blockStride, width: width, element: element)
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
