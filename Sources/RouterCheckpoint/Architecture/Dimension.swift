/// A dimension of a model's tensors, whose size a ``ModelConfiguration`` tells.
package enum Dimension: Sendable, Hashable {
  /// Model width, D.
  case width
  /// All query heads of a token, H * K.
  case queries
  /// All key heads of a token, or all value heads, G * K.
  case keysOrValues
  /// Feed-forward width, F.
  case feedForward
  /// Tokens of the vocabulary, V.
  case vocabulary
}

extension ModelConfiguration {
  /// Width of all query heads of a token, H * K.
  package var queryWidth: Int { headCount * headWidth }

  /// Width of all key heads of a token, and of all value heads, G * K.
  package var keyValueWidth: Int { keyValueHeadCount * headWidth }

  /// The size of a dimension.
  package func size(of dimension: Dimension) -> Int {
    switch dimension {
    case .width: width
    case .queries: queryWidth
    case .keysOrValues: keyValueWidth
    case .feedForward: feedForwardWidth
    case .vocabulary: vocabularySize
    }
  }
}
