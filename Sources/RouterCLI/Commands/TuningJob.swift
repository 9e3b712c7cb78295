import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterTensor
import RouterTraining

/// One run of `router tune`, from texts to a file.
struct TuningJob {
  let language: LanguageModel
  let checkpoint: CheckpointReader
  let texts: TuningTexts
  let place: TuningPlace
  let arguments: TrainingArguments
  /// What was done, for the provenance.
  let description: String
  let out: String
  let interrupt: Interrupt

  /// How a run ended.
  struct Outcome: Encodable {
    /// The file that was written; nil if the run was interrupted.
    let path: String?
    let steps: Int
    /// What was done: command, data, and how the adapters to start from were made.
    let tuning: String
    /// By depth, of the last step.
    let losses: [String: Float]
    /// By depth, of the last evaluation.
    let heldOut: [String: Float]?
    let metrics: String
    let curve: String?
    /// On held-out texts, without and with the adapters.
    let before: AdapterReport?
    let after: AdapterReport?

    private enum CodingKeys: String, CodingKey {
      case path, steps, tuning, losses, metrics, curve, before, after
      case heldOut = "held_out"
    }
  }

  /// The share of steps over the full vocabulary, where none is given.
  private static let fullVocabularyShare = 10
  /// Held-out positions that are looked at, spread evenly over all.
  private static let evaluatedPositions = 2000
  /// Tokens over which adapters are compared in most steps.
  private static let adapterVocabulary = 1536
  private static let adapterBatch = 256
  private static let weightBatch = 1024

  // MARK: Adapters

  /// Trains an adapter for each exit of the frozen model.
  ///
  /// - Parameter initial: adapters to start from; nil for none.
  func tuneAdapters(_ kind: ExitAdapterKind, from initial: AdapterFile?) throws -> Outcome {
    let initial = try initial.map {
      try ExitAdapters(
        startingFrom: $0, kind: kind, exits: language.exits.dropLast(), metadata: checkpoint.metadata,
        fingerprint: checkpoint.fingerprint)
    }
    let settings = try adapterSettings(kind)
    let cache = try hiddenStates(of: texts.documents, in: place.hiddenStates, label: "Reading texts")
    let held =
      texts.heldOut.isEmpty || interrupt.wasRaised
      ? nil : try hiddenStates(of: texts.heldOut, in: place.heldOutStates, label: "Reading held-out texts")
    guard !interrupt.wasRaised else { return interrupted() }
    let trainer = try AdapterTrainer(
      model: language.model, cache: cache, settings: settings, initial: initial, statePath: place.state)
    let description = describe(after: trainer.pastLearningRates)
    let metrics = TuningMetrics(place, tuning: description)
    let bar = ProgressBar("Tuning")
    defer { bar.finish() }
    let exits = language.exits.dropLast().map(String.init)
    var last: [String: Float] = [:]
    try trainer.run { step in
      last = Dictionary(uniqueKeysWithValues: zip(exits, step.losses))
      try metrics.append(
        .init(
          step: step.step, learningRate: step.learningRate, tokensPerSecond: step.tokensPerSecond,
          losses: last))
      bar.update(
        Double(step.step) / Double(step.steps),
        Self.remark(step.step, step.steps, zip(exits, step.losses).map { ($0, $1) }, step.tokensPerSecond))
      return !interrupt.wasRaised
    }
    bar.finish()
    let curve = metrics.draw(
      title: "Exit adapters of \(language.name)", verticalTitle: "KL(full depth || exit), nats")
    guard trainer.step == settings.steps else {
      return interrupted(trainer.step, last, curve: curve, description)
    }
    try finishing { try write(trainer.adapters, description) }
    let evaluation = AdapterEvaluation(model: language.model)
    return Outcome(
      path: out, steps: settings.steps, tuning: description, losses: last, heldOut: nil,
      metrics: place.metrics, curve: curve,
      before: try held.map { try evaluation.run(on: $0, adapters: nil, limit: Self.evaluatedPositions) },
      after: try held.map {
        try evaluation.run(on: $0, adapters: trainer.adapters, limit: Self.evaluatedPositions)
      })
  }

  /// The arguments, checked before hours go into hidden states.
  private func adapterSettings(_ kind: ExitAdapterKind) throws -> AdapterSettings {
    let batch = arguments.batchTokens ?? Self.adapterBatch
    let positions = texts.documents.reduce(0) { $0 + $1.scored.count }
    let steps = arguments.steps ?? stepCount(positions: positions, perStep: batch)
    let sampled = arguments.sampledVocabulary ?? Self.adapterVocabulary
    let settings = AdapterSettings(
      kind: kind, steps: steps, batchTokens: batch, learningRate: arguments.lr ?? 1e-3,
      warmupSteps: min(arguments.warmup, steps), weightDecay: arguments.weightDecay,
      argmaxShare: arguments.argmaxShare,
      vocabulary: sampled == 0
        ? .full : .sampled(teacherTop: 16, frequent: sampled / 3, random: sampled - sampled / 3),
      fullVocabularySteps: arguments.fullVocabularySteps ?? steps / Self.fullVocabularyShare,
      seed: arguments.seed, checkpointEvery: arguments.checkpointEvery)
    try settings.validate()
    return settings
  }

  private func hiddenStates(
    of documents: [TrainingDocument], in path: String, label: String
  ) throws -> StateCache {
    let bar = ProgressBar(label)
    defer { bar.finish() }
    try StateExtraction(model: language.model, fingerprint: checkpoint.fingerprint).run(documents, into: path)
    {
      done, rows in
      bar.update(Double(done) / Double(documents.count), "\(rows) positions")
      return !interrupt.wasRaised
    }
    return try StateCache(path: path)
  }

  private func write(_ adapters: ExitAdapters, _ description: String) throws {
    try AdapterFile.write(
      to: out,
      record: AdapterRecord(
        kind: adapters.kind, exits: adapters.exits, base: checkpoint.metadata,
        fingerprint: checkpoint.fingerprint, tuning: description,
        license: arguments.license ?? checkpoint.metadata.license),
      tensors: adapters.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
      base: checkpoint.metadata, tool: ToolVersion.provenance, encoding: arguments.encoding ?? .q8)
  }

  // MARK: Weights

  /// Tunes the weights, factors of them, or heads.
  func tuneWeights() throws -> Outcome {
    let batch = arguments.batchTokens ?? Self.weightBatch
    let tokens = texts.documents.reduce(0) { $0 + $1.tokens.count }
    let steps = arguments.steps ?? stepCount(positions: tokens, perStep: batch * arguments.accumulation)
    var settings = TuningSettings(
      method: arguments.method, steps: steps, learningRate: arguments.lr ?? 2e-5)
    settings.loss = arguments.loss
    if let share = arguments.distillationShare { settings.distillationShare = share }
    if let rate = arguments.adapterRate { settings.adapterRate = rate }
    settings.exits = arguments.exits?.values.sorted()
    settings.extractedDepth = arguments.depth
    settings.loraRank = arguments.loraRank
    settings.batchTokens = batch
    settings.accumulation = arguments.accumulation
    settings.warmupSteps = min(arguments.warmup, steps)
    settings.weightDecay = arguments.weightDecay
    settings.bf16Moments = arguments.bf16Moments
    settings.recompute = arguments.recompute
    settings.sampledVocabulary = arguments.sampledVocabulary.flatMap { $0 > 0 ? $0 : nil }
    settings.seed = arguments.seed
    settings.evaluateEvery = arguments.evaluateEvery
    settings.patience = arguments.earlyStop
    settings.checkpointEvery = arguments.checkpointEvery
    let tuner = try Tuner(
      model: language.model, documents: texts.documents, heldOut: texts.heldOut, settings: settings,
      statePath: place.state)
    let depth = arguments.method == .extracted ? arguments.depth : nil
    for note in TuningNotes.notes(
      on: checkpoint, method: arguments.method, tuned: tuner.adaptedExits, depth: depth,
      encoding: arguments.encoding)
    {
      Terminal.note(note)
    }
    let description = describe(after: tuner.pastLearningRates)
    let metrics = TuningMetrics(place, tuning: description)
    let bar = ProgressBar("Tuning")
    defer { bar.finish() }
    var (last, held, done, isOver) = ([String: Float](), [String: Float]?.none, 0, false)
    try tuner.run { step in
      last = Self.byDepth(step.losses)
      held = step.heldOut.map(Self.byDepth) ?? held
      (done, isOver) = (step.step, step.step == step.steps || step.stopsEarly)
      try metrics.append(
        .init(
          step: step.step, learningRate: step.learningRate, tokensPerSecond: step.tokensPerSecond,
          losses: last, divergences: Self.divergences(step.losses), heldOut: step.heldOut.map(Self.byDepth),
          heldOutDivergences: step.heldOut.flatMap(Self.divergences), gradientNorm: step.gradientNorm))
      bar.update(
        Double(step.step) / Double(step.steps),
        Self.remark(
          step.step, step.steps, step.losses.map { ("\($0.exit)", $0.crossEntropy) }, step.tokensPerSecond))
      return !interrupt.wasRaised
    }
    bar.finish()
    let curve = metrics.draw(
      title: "\(arguments.method.rawValue) of \(language.name)", verticalTitle: "cross-entropy, nats")
    // A finished run that is resumed has no step to report.
    guard isOver || (done == 0 && !interrupt.wasRaised) else {
      return interrupted(done, last, curve: curve, description)
    }
    let writing = ProgressBar("Writing")
    defer { writing.finish() }
    try finishing {
      try TunedCheckpoint.write(
        to: out, base: checkpoint,
        tensors: tuner.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
        encoding: arguments.encoding, depth: depth,
        tuning: description, license: arguments.license, tool: ToolVersion.provenance
      ) { writing.update($0) }
    }
    return Outcome(
      path: out, steps: tuner.step, tuning: description, losses: last, heldOut: held, metrics: place.metrics,
      curve: curve, before: nil,
      after: nil)
  }

  // MARK: Helpers

  private func stepCount(positions: Int, perStep: Int) -> Int {
    max(1, Int((arguments.epochs * Double(positions) / Double(max(perStep, 1))).rounded()))
  }

  private func interrupted(
    _ steps: Int = 0, _ losses: [String: Float] = [:], curve: String? = nil, _ description: String? = nil
  ) -> Outcome {
    Outcome(
      path: nil, steps: steps, tuning: description ?? self.description, losses: losses, heldOut: nil,
      metrics: place.metrics, curve: curve, before: nil, after: nil)
  }

  /// What was done, with the learning rates that the run had before.
  private func describe(after rates: [PastLearningRate]) -> String {
    description + rates.map { "; learning rate \($0.learningRate) through step \($0.lastStep)" }.joined()
  }

  /// Writes the result of a run that has done all its steps, which no failure can take away.
  private func finishing(_ write: () throws -> Void) throws {
    do {
      try write()
    } catch let error as CheckpointError {
      throw CommandError(
        "the result cannot be written: \(error.what)", at: out,
        remedy:
          "The steps are done: free some space, or give another --out and --work \(place.directory); then "
          + "--resume writes it.")
    }
  }

  private static func byDepth(_ losses: [TuningStep.ExitLoss]) -> [String: Float] {
    Dictionary(losses.map { ("\($0.exit)", $0.crossEntropy) }) { first, _ in first }
  }

  /// By depth; nil unless the loss distils.
  private static func divergences(_ losses: [TuningStep.ExitLoss]) -> [String: Float]? {
    let known = losses.compactMap { loss in loss.divergence.map { ("\(loss.exit)", $0) } }
    return known.isEmpty ? nil : Dictionary(known) { first, _ in first }
  }

  /// Such as `step 10 of 100, loss 9: 4.10 30: 1.62, 512 tokens/s`.
  private static func remark(
    _ step: Int, _ steps: Int, _ losses: [(exit: String, loss: Float)], _ speed: Double
  ) -> String {
    let shown = losses.map { "\($0.exit): \(String.fixed(Double($0.loss), 2))" }.joined(separator: " ")
    return "step \(step) of \(steps), loss \(shown), \(String.fixed(speed, 0)) tokens/s"
  }
}
