import RouterTensor

/// When the head of a model gets a screen, which finds the most probable token at about half of the bytes.
package enum HeadScreening: Sendable, Equatable {
  /// Never: the whole head each time.
  case off
  /// Once this many inputs have been seen, at least one: they show the screen where inputs are long.
  case after(inputs: Int)

  /// Inputs after which a screen is made: about as many as pay for its making, so that a short run has no cost
  /// and a long one at most that of the run before, and enough to know where inputs are long.
  package static let usualInputs = 256

  /// Elements from which a head is worth a screen.
  private static let worthwhileElements = 1 << 22

  /// What suits a head: a screen if it is large and one pays for its encoding.
  package static func automatic(for head: WeightMatrix, precision: ActivationPrecision) -> HeadScreening {
    let isWorthwhile =
      head.rows * head.columns >= worthwhileElements && head.columns % 32 == 0
      && MatrixScreen.pays(for: head.encoding) && precision == .int8
    return isWorthwhile ? .after(inputs: usualInputs) : .off
  }
}
