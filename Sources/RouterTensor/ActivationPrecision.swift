import CRouterKernels

/// Precision of the activations that meet quantised weights.
package enum ActivationPrecision: String, Sendable, Codable, CaseIterable {
  /// Codes in groups of 32 with an f32 scale: integer products.
  case int8
  /// Unrounded: weights are decoded a row at a time. Slow; for comparison with other implementations.
  case f32
}
