import CRouterKernels

/// What an input contributes to the bounds: no product exceeds its block's ceiling + `shift` + `slack`.
package struct ScreenReach {
  /// Its lengths in the screen's directions and beside them.
  package let factors: rk_reach
  /// c x: what every row's product has besides its score.
  package let shift: Double
  /// Room for what rounding does.
  package let slack: Double

  /// The least ceiling of a block that may hold a product of `value` or more.
  func ceiling(of value: Float) -> Float { Float(Double(value) - shift - slack).nextDown }
}
