import RouterCalibration
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

// The policy as a file.
extension Calibrator {
  func file(
    _ decision: CalibrationDecision, name: String, provenance: PolicyProvenance
  ) throws -> PolicyFile {
    guard let winner = decision.winner else { return try fullDepthFile(name: name, provenance: provenance) }
    let depths = decision.answers.flatMap(\.depths)
    let depth = Double(depths.reduce(0, +)) / Double(max(depths.count, 1))
    // Answers are made one by one: for other loads no speed is measured.
    let isTimed = settings.clients == [1]
    let own = isTimed ? winner.race?.seconds : nil
    let ratio = winner.race?.timeRatio
    let (rule, path) = try certifiedPath(winner, point: decision.point, name: name)
    return try PolicyFile(
      rule: rule,
      decoder: PolicyDecoder(keyValues: settings.keyValues, keyValueType: settings.keyValueType),
      guarantee: decision.guarantee, path: decision.guarantee == nil ? [] : path,
      measured: PolicyMeasurements(
        meanDepth: depths.isEmpty ? Double(language.layerCount) : depth,
        tokensPerSecond: own.map { 1 / $0 },
        // The same prompts at full depth, taking turns with the policy.
        fullTokensPerSecond: own.flatMap { own in ratio.map { $0 / own } }
          ?? (isTimed ? trace.records.fullTokensPerSecond : nil),
        headCostInLayers: costs.headInLayers(context: planning.context), machine: machine, risk: decision.risk
      ),
      provenance: provenance)
  }

  /// The winner's rule, with all points up to it that passed, which are certified at once; the rule has the networks of
  /// all of them.
  private func certifiedPath(
    _ winner: CandidateOutcome, point: Int, name: String
  ) throws -> (PolicyFile.Rule, [CertifiedPoint]) {
    let rule = try runner.rule(winner.plan, point: point, name: name)
    guard case .threshold(let own) = rule else { return (rule, []) }
    var (path, depths, gated): ([CertifiedPoint], Set<Int>, Set<Int>) = ([], [], [])
    for tested in winner.testedPoints where tested.passed && tested.point <= point {
      guard case .threshold(let policy) = try runner.rule(winner.plan, point: tested.point, name: name) else {
        continue
      }
      depths.formUnion(policy.exits)
      if let gate = policy.gate {
        gated.formUnion(zip(policy.exits, gate.thresholds).compactMap { $1 == nil ? nil : $0 })
      }
      path.append(
        try CertifiedPoint(
          exits: policy.exits, thresholds: policy.thresholds, gates: policy.gate?.thresholds ?? [],
          meanDepth: tested.meanDepth ?? Double(language.layerCount), empiricalRisk: tested.realisedRisk,
          bound: tested.bound))
    }
    // One gate for all points, with the networks of all of them.
    let gate = gated.isEmpty ? nil : try runner.gate(of: winner.plan)?.restricted(to: gated.sorted())
    if gate != nil { path = try path.map { try $0.withGates() } }
    let estimator = try runner.estimator(of: winner.plan, depths: depths.sorted()) ?? own.estimator
    return (
      .threshold(
        try ThresholdPolicy(
          name: name, estimator: estimator, exits: own.exits, thresholds: own.thresholds, head: own.head,
          gate: gate.map {
            ExitGate(estimator: $0, thresholds: own.gate?.thresholds ?? own.exits.map { _ in nil })
          }, decay: own.decay)),
      path
    )
  }

  /// Nothing meets the goal and saves time: every token runs all layers, which loses nothing.
  private func fullDepthFile(name: String, provenance: PolicyProvenance) throws -> PolicyFile {
    try PolicyFile(
      rule: .fixed(FixedDepthPolicy(name: name, depth: language.layerCount)), notes: fullDepthNotes,
      decoder: PolicyDecoder(keyValueType: settings.keyValueType),
      measured: PolicyMeasurements(
        meanDepth: Double(language.layerCount), fullTokensPerSecond: trace.records.fullTokensPerSecond,
        machine: machine),
      provenance: provenance)
  }

  private var fullDepthNotes: String {
    if case .risk = settings.goal {
      return settings.candidates.count > 1
        ? "No candidate kept the asked risk and was faster than full depth, so every token runs all layers."
        : "No point was certified for the asked risk, so every token runs all layers."
    }
    return "The budget allows full depth, so every token runs all layers."
  }

  /// What the speeds were measured on, in words.
  private var machine: String {
    let matmul = language.model.matmul
    return
      "\(Processor.current.name), threads \(matmul.team.threadCount), kernels \(matmul.kernels.name)"
  }
}

extension CertifiedPoint {
  /// The point with a gate's threshold for each exit, none of which has to be there.
  fileprivate func withGates() throws(PolicyError) -> CertifiedPoint {
    guard gates.isEmpty else { return self }
    return try CertifiedPoint(
      exits: exits, thresholds: thresholds, gates: exits.map { _ in nil }, meanDepth: meanDepth,
      empiricalRisk: empiricalRisk, bound: bound)
  }
}
