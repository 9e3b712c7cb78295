import RouterCalibration
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

// What exits would have said along full depth's answers, and what is learned from it.
extension CalibrationRun {
  /// Tokens that are learned from at most; their hidden states stay in memory.
  static let trainingTokens = 12_288

  /// The pilot answers of the trace, those that are missing made now.
  func pilotAnswers() throws -> [PilotAnswer] {
    var done = Dictionary(trace.pilots.map { ($0.prompt, $0) }) { first, _ in first }
    var answers: [PilotAnswer] = []
    var tokens = 0
    for (index, row) in split.pilot.enumerated() {
      // Hidden states that don't fit would be learned without.
      if settings.trains, tokens >= Self.trainingTokens { break }
      progress(Progress(stage: "pilot prompts", share: Double(index) / Double(split.pilot.count)))
      if done[row] == nil {
        let answer = try pilotAnswer(row) { _, _ in }
        try trace.append(.pilot(answer))
        done[row] = answer
      }
      guard let answer = done[row] else { continue }
      tokens += answer.tokenCount
      answers.append(answer)
    }
    return answers
  }

  /// Looks at what every exit says along the full-depth answer of a prompt.
  ///
  /// - Parameter observe: see ``TeacherForcing/scores(of:scored:exits:observe:)``.
  func pilotAnswer(
    _ row: Int, observe: (Int, UnsafeBufferPointer<Float>) -> Void
  ) throws -> PilotAnswer {
    let answer = try fullAnswer(row)
    let prompt = try promptTokens(row)
    let tokens = prompt + answer.tokens
    let scores = try forcing.scores(
      of: tokens, scored: prompt.count..<tokens.count, exits: language.exits, observe: observe)
    let full = (scores.last ?? []).map { $0.argmax ?? -1 }
    var choices: [Int32] = []
    var confidences: [String: [Float]] = [:]
    for position in full.indices {
      for exit in exits.indices {
        let score = scores[exit][position]
        // Logits that are not finite agree with nothing.
        choices.append(score.argmax ?? -2)
        for estimator in ExitEstimator.parameterFree {
          confidences[estimator.name, default: []].append(score.confidence(estimator))
        }
      }
    }
    return try PilotAnswer(prompt: row, exits: exits, scores: confidences, choices: choices, full: full)
  }

  /// Trains what the candidates need and the trace lacks.
  func trainMissingEstimators() throws {
    let kinds = settings.candidates.compactMap { $0.learned }.filter { trace.estimator($0) == nil }
    guard !kinds.isEmpty, !exits.isEmpty else { return }
    let pilots = try pilotAnswers().map(\.prompt)
    let seen = try states(pilots, stage: "hidden states of the pilot prompts")
    let unseen = try states(split.heldOut, stage: "hidden states of the held-out prompts")
    for kind in kinds {
      try trace.append(.estimator(try train(kind, on: seen, judgedBy: unseen)))
    }
  }

  /// Hidden states of some prompts' full-depth answers, by exit.
  struct ExitStates {
    var answers: [PilotAnswer] = []
    /// `[E]`: tokens with their states; targets are not set.
    var tokens: [EstimatorTrainer.Tokens]

    /// What a network of a kind should say at an exit, for each token.
    func targets(_ kind: LearnedEstimator.Kind, exitIndex: Int) -> [Float] {
      answers.flatMap { answer in
        (0..<answer.tokenCount).map { token -> Float in
          switch kind {
          case .probe, .mlp: answer.agrees(token: token, exitIndex: exitIndex) ? 1 : 0
          case .entropyProbe:
            answer.scores[ExitEstimator.entropy.name]?[token * answer.exits.count + exitIndex] ?? 0
          }
        }
      }
    }
  }

  private func states(_ prompts: [Int], stage: String) throws -> ExitStates {
    var states = ExitStates(tokens: exits.map { _ in EstimatorTrainer.Tokens() })
    for (index, row) in prompts.enumerated() {
      progress(Progress(stage: stage, share: Double(index) / Double(prompts.count)))
      let answer = try pilotAnswer(row) { exit, values in
        if exit < states.tokens.count { states.tokens[exit].states += values }
      }
      for exit in states.tokens.indices {
        states.tokens[exit].tokenIndices += Array(0..<answer.tokenCount)
        states.tokens[exit].prompts += [Int](repeating: index, count: answer.tokenCount)
      }
      states.answers.append(answer)
    }
    return states
  }

  private func train(
    _ kind: LearnedEstimator.Kind, on seen: ExitStates, judgedBy unseen: ExitStates
  ) throws -> TrainedEstimator {
    let width = language.model.configuration.width
    let units = kind == .mlp ? EstimatorTrainer.hiddenUnits : 0
    let trainer = EstimatorTrainer(seed: settings.seed)
    progress(Progress(stage: "training \(kind.rawValue)", share: 0))
    var results = [Result<EstimatorTrainer.Result, any Error>?](repeating: nil, count: exits.count)
    results.withUnsafeMutableBufferPointer { output in
      // Each chunk writes its own element.
      nonisolated(unsafe) let output = output
      language.model.matmul.team.run(chunks: output.count) { exit in
        var tokens = seen.tokens[exit]
        tokens.targets = seen.targets(kind, exitIndex: exit)
        output[exit] = Result { try trainer.train(tokens, width: width, units: units) }
      }
    }
    let trained = try results.compactMap { try $0?.get() }
    let draft = try LearnedEstimator(
      kind: kind, width: width, units: units,
      networks: zip(exits, trained).map { .init(depth: $0, parameters: $1.parameters) })
    var networks: [LearnedEstimator.Network] = []
    for (exit, network) in draft.networks.enumerated() {
      networks.append(
        .init(
          depth: network.depth, parameters: network.parameters,
          quality: try quality(draft, exitIndex: exit, on: unseen)))
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
