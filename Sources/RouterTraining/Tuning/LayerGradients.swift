import RouterCheckpoint
import RouterTensor

/// What the gradients of one layer's weights are added to.
struct LayerGradients {
  private enum Target {
    /// A block of the weights' layout.
    case weights(UnsafeMutablePointer<Float>)
    /// Low-rank factors of the matrices; other weights are frozen.
    case factors(FactorGradients)
  }

  private let target: Target
  private let layer: ParameterLayout.Layer
  private let linear: TeamLinear

  /// All weights, gradients in a block of the weights' layout.
  init(weights gradients: UnsafeMutablePointer<Float>, layer: ParameterLayout.Layer, team: ThreadTeam) {
    target = .weights(gradients)
    self.layer = layer
    linear = TeamLinear(team: team)
  }

  /// The factors of a layer's matrices alone.
  init(factors: FactorGradients, layer: ParameterLayout.Layer, team: ThreadTeam) {
    target = .factors(factors)
    self.layer = layer
    linear = TeamLinear(team: team)
  }

  /// Adds the gradient dy^T x of a matrix W `[N, K]`, given x `[T, K]` and the gradient dy `[T, N]` of y = x W^T.
  func add(_ part: LayerPart, _ dy: UnsafePointer<Float>, rows: Int, _ x: UnsafePointer<Float>) {
    switch target {
    case .weights(let block): linear.weightGradient(dy, rows: rows, x, layer[part], in: block)
    case .factors(let factors): factors.add(weight: layer[part].offset, dy, rows: rows, x, linear)
    }
  }

  /// Where the gradient of a norm's weight goes; nil if it is frozen.
  func vector(_ part: LayerPart) -> UnsafeMutablePointer<Float>? {
    guard case .weights(let block) = target else { return nil }
    return block + layer[part].offset
  }

  /// Where the gradients of the biases go; nil if there are none, or if they are frozen.
  var biases:
    (
      query: UnsafeMutablePointer<Float>, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>
    )?
  {
    guard case .weights(let block) = target else { return nil }
    return layer.biases.map { (block + $0.query, block + $0.key, block + $0.value) }
  }
}
