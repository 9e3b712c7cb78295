import RouterCheckpoint
import RouterModel
import RouterTensor

extension TuningRun {
  /// Held-out positions that are looked at, spread evenly over all.
  private static let evaluatedPositions = 2000

  /// Trains an adapter for each exit of the frozen model.
  ///
  /// - Parameter initial: adapters to start from; nil for none.
  func tuneAdapters(_ kind: ExitAdapterKind, from initial: AdapterFile?) throws -> TuningOutcome {
    let adaptedExits = Array(model.exits.dropLast())
    let initial = try initial.map {
      try ExitAdapters(
        startingFrom: $0, kind: kind, exits: adaptedExits, metadata: checkpoint.metadata,
        fingerprint: checkpoint.fingerprint)
    }
    // Settings are checked before hours go into hidden states.
    let settings = try plan.adapterSettings(
      kind, positions: corpus.documents.reduce(0) { $0 + $1.scored.count })
    let cache = try hiddenStates(of: corpus.documents, in: directory.hiddenStates, .readingTexts)
    let held =
      corpus.heldOut.isEmpty || !goesOn()
      ? nil : try hiddenStates(of: corpus.heldOut, in: directory.heldOutStates, .readingHeldOut)
    guard goesOn() else { return stopped() }
    let trainer = try AdapterTrainer(
      model: model, cache: cache, settings: settings, initial: initial, statePath: directory.state)
    let description = describe(after: trainer.pastLearningRates)
    let metrics = TuningMetrics(directory, tuning: description)
    report(.began(.tuning))
    let exits = adaptedExits.map(String.init)
    var last: [String: Float] = [:]
    try trainer.run { step in
      last = Dictionary(uniqueKeysWithValues: zip(exits, step.losses))
      try metrics.append(
        .init(
          step: step.step, learningRate: step.learningRate, tokensPerSecond: step.tokensPerSecond,
          losses: last))
      report(
        .stepped(
          .init(
            step: step.step, steps: step.steps, losses: zip(exits, step.losses).map { ($0, $1) },
            tokensPerSecond: step.tokensPerSecond)))
      return goesOn()
    }
    report(.ended(.tuning))
    let curve = draw(
      metrics, title: "Exit adapters of \(checkpoint.metadata.name)",
      verticalTitle: "KL(full depth || exit), nats")
    guard trainer.step == settings.steps else {
      return stopped(trainer.step, last, curve: curve, description)
    }
    try finishing { try write(trainer.adapters, description) }
    let evaluation = AdapterEvaluation(model: model)
    return TuningOutcome(
      path: out, steps: settings.steps, tuning: description, losses: last, metrics: directory.metrics,
      curve: curve,
      before: try held.map { try evaluation.run(on: $0, adapters: nil, limit: Self.evaluatedPositions) },
      after: try held.map {
        try evaluation.run(on: $0, adapters: trainer.adapters, limit: Self.evaluatedPositions)
      })
  }

  private func hiddenStates(
    of documents: [TrainingDocument], in path: String, _ stage: TuningEvent.Stage
  ) throws -> StateCache {
    report(.began(stage))
    try StateExtraction(model: model, fingerprint: checkpoint.fingerprint).run(documents, into: path) {
      done, rows in
      report(.read(share: Double(done) / Double(documents.count), positions: rows))
      return goesOn()
    }
    report(.ended(stage))
    return try StateCache(path: path)
  }

  private func write(_ adapters: ExitAdapters, _ description: String) throws {
    try AdapterFile.write(
      to: out,
      record: AdapterRecord(
        kind: adapters.kind, exits: adapters.exits, base: checkpoint.metadata,
        fingerprint: checkpoint.fingerprint, tuning: description,
        license: plan.license ?? checkpoint.metadata.license),
      tensors: adapters.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
      base: checkpoint.metadata, tool: tool, encoding: plan.encoding ?? .q8)
  }
}
