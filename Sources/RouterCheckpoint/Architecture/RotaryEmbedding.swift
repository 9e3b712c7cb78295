/// Rotary position embedding: base frequency and how frequencies are stretched for long contexts.
public struct RotaryEmbedding: Sendable, Equatable, Codable {
  /// Base of the geometric sequence of wavelengths (theta); pair i turns by `base^(-2i/K)` radians a position.
  public let base: Double
  /// How the frequencies are changed for contexts beyond the one seen in pre-training.
  public let scaling: RotaryScaling

  /// Creates an embedding; ``ModelConfiguration`` checks its values.
  package init(base: Double, scaling: RotaryScaling = .none) {
    self.base = base
    self.scaling = scaling
  }
}
