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
