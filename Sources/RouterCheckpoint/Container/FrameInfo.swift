/// The part of a checkpoint that a frame belongs to; no frame belongs to two.
package enum FrameSection: Sendable, Hashable, CustomStringConvertible {
  /// The safetensors header.
  case header
  /// Embedding, final norm, head: what every sub-model needs.
  case shared
  /// A layer, counted from 1.
  case layer(Int)

  package var description: String {
    switch self {
    case .header: "header"
    case .shared: "shared"
    case .layer(let number): "layer \(number)"
    }
  }

  /// Whether sub-model `layer` needs the section; nil stands for the whole model.
  func isNeeded(throughLayer layer: Int?) -> Bool {
    guard case .layer(let number) = self, let layer else { return true }
    return number <= layer
  }
}

/// One zstd frame of a checkpoint.
package struct FrameInfo: Sendable, Equatable {
  /// What the frame holds.
  package let section: FrameSection
  /// Its bytes in the file.
  package let compressedRange: Range<Int>
  /// Its content's bytes in the decompressed file.
  package let decompressedRange: Range<Int>
  /// Low 32 bits of the XXH64 of its content.
  package let checksum: UInt32
  /// XXH64 of its bytes in the file.
  let digest: UInt64
}
