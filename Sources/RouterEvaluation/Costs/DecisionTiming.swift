import RouterCalibration
import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Times one decision of a threshold policy for each estimator, on a real hidden state and real logits.
struct DecisionTiming {
  /// Seconds by the estimator's name, the head not included.
  let seconds: [String: Double]

  /// Logits that are there already.
  private final class KnownLogits: ExitLogits {
    let values: UnsafeBufferPointer<Float>
    let matmul: Matmul
    init(_ values: UnsafeBufferPointer<Float>, _ matmul: Matmul) {
      (self.values, self.matmul) = (values, matmul)
    }
    func logits() -> UnsafeBufferPointer<Float> { values }

    /// As decoding has them.
    func statistics() -> SoftmaxStatistics? {
      values.baseAddress.map { matmul.softmaxSums(of: [$0], count: values.count)[0] }.flatMap {
        SoftmaxStatistics(
          count: values.count, largest: $0.largest, second: $0.second, smallest: $0.smallest,
          partition: $0.partition, weightedSum: $0.weighted)
      }
    }
  }

  /// Every estimator: those that are learned with arbitrary parameters, which cost what real ones do.
  private static func estimators(width: Int, depth: Int) throws -> [ExitEstimator] {
    try ExitEstimator.parameterFree
      + LearnedEstimator.Kind.allCases.map { kind in
        let units = kind == .mlp ? EstimatorTrainer.hiddenUnits : 0
        let count = LearnedEstimator.parameterCount(width: width, units: units)
        return .learned(
          try LearnedEstimator(
            kind: kind, width: width, units: units,
            networks: [.init(depth: depth, parameters: [Float](repeating: 0.01, count: count))]))
      }
  }

  /// - Parameters:
  ///   - session: any session with room for one token; it is left as it was.
  ///   - logits: f32, at least `[V]`.
  init(_ session: InferenceSession, logits: UnsafeBufferPointer<Float>) throws {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(CollectionOfOne(0))
    session.advance(to: session.depthLimit)
    let vocabulary = session.model.configuration.vocabularySize
    let source = KnownLogits(
      UnsafeBufferPointer(rebasing: logits.prefix(vocabulary)), session.model.matmul)
    // A state of its own, so that the comparison reads two.
    let previous = Array(session.hidden)
    let depth = session.depthLimit
    seconds = try previous.withUnsafeBufferPointer { previous in
      var seconds: [String: Double] = [:]
      for estimator in try Self.estimators(width: previous.count, depth: depth) {
        let policy = try ThresholdPolicy(estimator: estimator, exits: [depth], thresholds: [1])
        var decider = policy.makeDecider()
        // One decision takes less than a clock can tell, unless it reads logits.
        let count = estimator.reads == .logits ? 4 : 256
        var watch = Stopwatch()
        for index in 0..<count {
          decider.beginToken(index)
          _ = decider.decide(
            ExitObservation(
              depth: depth, layerCount: depth, tokenIndex: index, hidden: session.hidden,
              previousHidden: previous, logits: source))
        }
        seconds[estimator.name] = watch.lap() / Double(count)
      }
      return seconds
    }
  }
}
