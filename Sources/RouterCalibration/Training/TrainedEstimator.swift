import RouterExit

/// An estimator with the scores that chose its thresholds: a record of the trace file, so that a killed run
/// need not train again.
package struct TrainedEstimator: Sendable, Equatable {
  /// What was trained.
  package let estimator: LearnedEstimator

  /// By 0-based row of each pilot prompt, f32 `[T, E]`, row-major: confidences by networks that have not seen
  /// the prompt.
  package let scores: [Int: [Float]]

  /// Joins the parts.
  package init(estimator: LearnedEstimator, scores: [Int: [Float]]) {
    self.estimator = estimator
    self.scores = scores
  }
}

extension TrainedEstimator: Codable {
  private enum Key: String, CodingKey {
    case kind, width, units, networks, scores
  }

  private struct Network: Codable {
    let exit: Int
    let parameters: [Float]
    let tokens: Int?
    let agreement: Double?
    let auc: Double?
    let brier: Double?
    let calibrationError: Double?

    init(_ network: LearnedEstimator.Network) {
      exit = network.depth
      parameters = network.parameters
      tokens = network.quality?.tokens
      agreement = network.quality?.agreement
      auc = network.quality?.auc
      brier = network.quality?.brier
      calibrationError = network.quality?.calibrationError
    }

    func network() throws -> LearnedEstimator.Network {
      var quality: EstimatorQuality?
      if let tokens, let agreement, let auc, let brier, let calibrationError {
        quality = try EstimatorQuality(
          tokens: tokens, agreement: agreement, auc: auc, brier: brier, calibrationError: calibrationError)
      }
      return .init(depth: exit, parameters: parameters, quality: quality)
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      estimator: LearnedEstimator(
        kind: container.decode(LearnedEstimator.Kind.self, forKey: .kind),
        width: container.decode(Int.self, forKey: .width), units: container.decode(Int.self, forKey: .units),
        networks: container.decode([Network].self, forKey: .networks).map { try $0.network() }),
      scores: container.decode([Int: [Float]].self, forKey: .scores))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(estimator.kind, forKey: .kind)
    try container.encode(estimator.width, forKey: .width)
    try container.encode(estimator.units, forKey: .units)
    try container.encode(estimator.networks.map(Network.init), forKey: .networks)
    try container.encode(scores, forKey: .scores)
  }
}
