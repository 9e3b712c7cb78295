import RouterTensor

/// What the gradients of one layer's weights are added to.
struct LayerGradients {
  private enum Place {
    /// A block in which `slots` names the layer's parts.
    case weights(UnsafeMutablePointer<Float>, slots: ParameterLayout.Layer)
    /// Low-rank factors of the matrices in `slots`; other weights are frozen.
    case factors(FactorGradients, slots: ParameterLayout.Layer)
  }

  private let place: Place
  private let linear: TeamLinear

  /// All weights, gradients in a block of the weights' layout.
  init(weights gradients: UnsafeMutablePointer<Float>, slots: ParameterLayout.Layer, team: ThreadTeam) {
    place = .weights(gradients, slots: slots)
    linear = TeamLinear(team: team)
  }

  /// The factors of a layer's matrices alone.
  init(factors: FactorGradients, slots: ParameterLayout.Layer, team: ThreadTeam) {
    place = .factors(factors, slots: slots)
    linear = TeamLinear(team: team)
  }

  /// Adds the gradient dy^T x of a matrix W `[N, K]`, given x `[T, K]` and the gradient dy `[T, N]` of y = x W^T.
  func add(
    _ part: KeyPath<ParameterLayout.Layer, Int>, _ dy: UnsafePointer<Float>, rows: Int, outputs: Int,
    _ x: UnsafePointer<Float>, inputs: Int
  ) {
    switch place {
    case .weights(let block, let slots):
      linear.weightGradient(
        dy, rows: rows, outputs: outputs, x, inputs: inputs, into: block + slots[keyPath: part])
    case .factors(let factors, let slots):
      factors.add(weight: slots[keyPath: part], dy, rows: rows, x, linear)
    }
  }

  /// Where the gradient of a norm's weight goes; nil if it is frozen.
  func vector(_ part: KeyPath<ParameterLayout.Layer, Int>) -> UnsafeMutablePointer<Float>? {
    guard case .weights(let block, let slots) = place else { return nil }
    return block + slots[keyPath: part]
  }

  /// Where the gradients of the biases go; nil if there are none, or if they are frozen.
  var biases:
    (
      query: UnsafeMutablePointer<Float>, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>
    )?
  {
    guard case .weights(let block, let slots) = place else { return nil }
    return slots.biases.map { (block + $0.query, block + $0.key, block + $0.value) }
  }
}
