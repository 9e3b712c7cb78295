import RouterCheckpoint
import RouterTensor

extension KeyValueLayout {
  /// How a page's bytes lie, for people and other programs.
  package static let description =
    "[layers, heads, {keys [page_positions / 64, head_width, 64], values [page_positions, head_width]}], little-endian; "
    + "behind the keys and behind the values of q8 their scales, f32 [page_positions]"

  /// Zeroes the keys and values of a page's positions from `first` on.
  func clear(from first: Int, of page: UnsafeMutableRawPointer) {
    let size = element.codeByteCount
    func zero(_ start: UnsafeMutableRawPointer, _ count: Int) {
      start.initializeMemory(as: UInt8.self, repeating: 0, count: count * size)
    }
    let (positions, tile) = (Self.pagePositions, AttentionCache.tilePositions)
    for block in 0..<layerCount * headCount {
      let keys = page + 2 * block * blockByteCount
      for start in stride(from: 0, to: positions, by: tile) where first < start + tile {
        let from = max(first - start, 0)
        for column in 0..<width { zero(keys + (start * width + column * tile + from) * size, tile - from) }
      }
      zero(keys + blockByteCount + first * width * size, (positions - first) * width)
      for start in [keys, keys + blockByteCount] where element.scaleByteCount > 0 {
        let scales = start + positions * width * size
        (scales + first * element.scaleByteCount).initializeMemory(
          as: UInt8.self, repeating: 0, count: (positions - first) * element.scaleByteCount)
      }
    }
  }

  /// What decides the bytes of a model's pages.
  ///
  /// - Parameter fingerprint: of the checkpoint that the model was loaded from.
  package func origin(of model: LlamaModel, fingerprint: String) -> PrefixRecord.Origin {
    PrefixRecord.Origin(
      fingerprint: fingerprint, layerCount: layerCount, headCount: headCount, width: width,
      element: element.rawValue, layout: Self.description, pagePositions: Self.pagePositions,
      pageByteCount: pageByteCount, activations: model.matmul.precision.rawValue,
      kernels: model.matmul.kernels.name)
  }
}
