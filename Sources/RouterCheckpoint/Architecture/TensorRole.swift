/// What a tensor does, which decides how it may be encoded.
package enum TensorRole: Sendable, Equatable {
  /// A vector that stays f32: a norm or a bias.
  case vector
  /// The token embedding or the output head, `[V, D]`.
  case vocabulary
  /// A projection within a layer.
  case projection
}
