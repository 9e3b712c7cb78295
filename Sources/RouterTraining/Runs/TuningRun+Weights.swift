import RouterCheckpoint

extension TuningRun {
  /// Tunes the weights, factors of them, or heads.
  func tuneWeights(_ method: TuningMethod) throws -> TuningOutcome {
    let tuner = try Tuner(
      model: model, documents: corpus.documents, heldOut: corpus.heldOut,
      settings: plan.weightSettings(method, tokens: corpus.documents.reduce(0) { $0 + $1.tokens.count }),
      statePath: directory.state)
    let depth = method == .extracted ? plan.depth : nil
    for note in TuningNotes.notes(
      on: checkpoint, method: method, tuned: tuner.adaptedExits, depth: depth, encoding: plan.encoding)
    {
      report(.note(note))
    }
    let description = describe(after: tuner.pastLearningRates)
    let metrics = TuningMetrics(directory, tuning: description)
    report(.began(.tuning))
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
      report(
        .stepped(
          .init(
            step: step.step, steps: step.steps, losses: step.losses.map { ("\($0.exit)", $0.crossEntropy) },
            tokensPerSecond: step.tokensPerSecond)))
      return goesOn()
    }
    report(.ended(.tuning))
    let curve = draw(
      metrics, title: "\(method.rawValue) of \(checkpoint.metadata.name)",
      verticalTitle: "cross-entropy, nats")
    // A finished run that is resumed has no step to report.
    guard isOver || (done == 0 && goesOn()) else { return stopped(done, last, curve: curve, description) }
    report(.began(.writing))
    try finishing {
      try TunedCheckpoint.write(
        to: out, base: checkpoint,
        tensors: tuner.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
        encoding: plan.encoding, depth: depth, tuning: description, license: plan.license, tool: tool
      ) { [report] in report(.wrote(share: $0)) }
    }
    report(.ended(.writing))
    return TuningOutcome(
      path: out, steps: tuner.step, tuning: description, losses: last, heldOut: held,
      metrics: directory.metrics, curve: curve)
  }

  private static func byDepth(_ losses: [TuningStep.ExitLoss]) -> [String: Float] {
    Dictionary(losses.map { ("\($0.exit)", $0.crossEntropy) }) { first, _ in first }
  }

  /// By depth; nil unless the loss distils.
  private static func divergences(_ losses: [TuningStep.ExitLoss]) -> [String: Float]? {
    let known = losses.compactMap { loss in loss.divergence.map { ("\(loss.exit)", $0) } }
    return known.isEmpty ? nil : Dictionary(known) { first, _ in first }
  }
}
