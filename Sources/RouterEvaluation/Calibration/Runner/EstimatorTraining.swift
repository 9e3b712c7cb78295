import RouterCalibration
import RouterExit
import RouterTensor

/// Trains the networks of one estimator, one for each exit, and judges them on prompts they have not seen.
struct EstimatorTraining: Sendable {
  /// Depths, ascending.
  let exits: [Int]
  /// D.
  let width: Int
  let seed: UInt64

  /// - Parameters:
  ///   - seen: what is learned.
  ///   - unseen: what the result is judged by.
  ///   - team: trains exits at the same time.
  func train(
    _ kind: LearnedEstimator.Kind, on seen: ExitStates, judgedBy unseen: ExitStates, team: ThreadTeam
  ) throws -> TrainedEstimator {
    let units = kind == .mlp ? EstimatorTrainer.hiddenUnits : 0
    let trainer = EstimatorTrainer(seed: seed)
    var results = [Result<EstimatorTrainer.Result, any Error>?](repeating: nil, count: exits.count)
    results.withUnsafeMutableBufferPointer { output in
      // Each chunk writes its own element.
      nonisolated(unsafe) let output = output
      team.run(chunks: output.count) { exit in
        var tokens = seen.tokens[exit]
        tokens.targets = seen.targets(kind, exitIndex: exit)
        output[exit] = Result { try trainer.train(tokens, width: width, units: units) }
      }
    }
    let trained = try results.compactMap { try $0?.get() }
    let unjudged = try LearnedEstimator(
      kind: kind, width: width, units: units,
      networks: zip(exits, trained).map { .init(depth: $0, parameters: $1.parameters) })
    let networks = try unjudged.networks.enumerated().map { exit, network in
      LearnedEstimator.Network(
        depth: network.depth, parameters: network.parameters,
        quality: try quality(unjudged, exitIndex: exit, on: unseen))
    }
    return TrainedEstimator(
      estimator: try LearnedEstimator(kind: kind, width: width, units: units, networks: networks),
      scores: leftOutScores(trained, of: seen.answers))
  }

  /// How an estimator does at one exit.
  private func quality(
    _ estimator: LearnedEstimator, exitIndex: Int, on states: ExitStates
  ) throws -> EstimatorQuality? {
    let tokens = states.tokens[exitIndex]
    let targets = states.targets(estimator.kind, exitIndex: exitIndex)
    let agreements = states.targets(.probe, exitIndex: exitIndex)
    var meter = QualityMeter()
    for token in targets.indices {
      let confidence = tokens.states.withUnsafeBufferPointer {
        estimator.confidence(
          depth: exits[exitIndex], tokenIndex: tokens.tokenIndices[token],
          hidden: UnsafeBufferPointer(
            rebasing: $0[token * estimator.width..<(token + 1) * estimator.width]))
      }
      meter.add(confidence: confidence, target: targets[token], agrees: agreements[token] == 1)
    }
    return try meter.quality()
  }

  /// By prompt, f32 `[T, E]`, from one column per exit.
  private func leftOutScores(
    _ trained: [EstimatorTrainer.Result], of answers: [PilotAnswer]
  ) -> [Int: [Float]] {
    var scores: [Int: [Float]] = [:]
    var start = 0
    for answer in answers {
      scores[answer.prompt] = (start..<start + answer.tokenCount).flatMap { token in
        trained.map { $0.leftOutScores[token] }
      }
      start += answer.tokenCount
    }
    return scores
  }
}
