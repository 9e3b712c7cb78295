import RouterCalibration
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterPictures
import RouterTokenizer

extension CalibrationFindings {
  /// Answers of which every token is compared with full depth's choice, each at the cost of a prefill.
  private static let auditedAnswers = 48
  private static let exampleCount = 6
  private static let positionCount = 8
  /// Characters of a prompt that are shown.
  private static let promptLength = 600

  /// Collects what a calibration found.
  ///
  /// - Parameters:
  ///   - examples: the data that was calibrated on.
  ///   - sources: names and values to list beside what the policy's file says.
  ///   - progress: receives the share of the work that is done, 0 ... 1.
  /// - Throws: ``EvaluationError`` or `GenerationError` if the answers do not fit the model.
  package init(
    _ outcome: CalibrationOutcome, settings: CalibrationSettings, language: LanguageModel,
    examples: [PromptExample], sources: [(name: String, value: String)], progress: (Double) -> Void
  ) throws {
    var risk: Double?
    if case .risk(let value) = settings.goal { risk = value }
    self.init(
      policy: outcome.policy, modelName: language.name, layerCount: language.layerCount,
      metric: settings.metric.rawValue, risk: risk, fullSeconds: outcome.fullSeconds)
    points = Self.points(outcome, layerCount: language.layerCount)
    certified = outcome.certified
    candidates = outcome.candidates.map { Self.candidate($0, isChosen: $0.candidate == outcome.winner) }
    positions = Self.positions(settings.maximumTokens)
    (estimator, exits) = try Self.exits(outcome, positions: positions)
    for depth in outcome.answers.flatMap(\.depths) { depthCounts[depth, default: 0] += 1 }
    try addAnswers(outcome.answers, language: language, data: examples, progress: progress)
    facts = Self.facts(outcome, settings: settings, language: language) + sources
  }

  // MARK: Points and candidates

  private static func points(_ outcome: CalibrationOutcome, layerCount: Int) -> [Point] {
    guard let leading = outcome.leading else { return [] }
    return leading.testedPoints.map { tested in
      Point(
        rule: words(tested.rule, exits: leading.plan.exits), meanDepth: tested.meanDepth,
        seconds: tested.modelSeconds, tokensPerSecond: tested.tokensPerSecond, risk: tested.realisedRisk,
        bound: tested.bound, prompts: tested.promptCount, passed: tested.passed)
    }
  }

  private static func words(_ rule: PathPlan.Rule, exits: [Int]) -> String {
    switch rule {
    case .fixed(let depth): return "\(depth) layers"
    case .patience(let exits, let count):
      return "\(count) of \(exits.map(String.init).joined(separator: ", ")) agree"
    case .thresholds(let thresholds, let gates):
      let asked = exits.indices.compactMap { index in
        thresholds[index].map { threshold in
          let gate = gates.isEmpty ? nil : gates[index]
          return "\(exits[index]): \(Figure.short(Double(threshold)))"
            + (gate.map { " behind \(Figure.short(Double($0)))" } ?? "")
        }
      }
      return asked.joined(separator: ", ")
    }
  }

  private static func candidate(_ outcome: CandidateOutcome, isChosen: Bool) -> Candidate {
    let figures = outcome.race ?? outcome.trial
    return Candidate(
      name: outcome.candidate.rawValue, verdict: outcome.verdict.rawValue, meanDepth: figures?.meanDepth,
      risk: figures?.loss, timeRatio: figures?.timeRatio, seconds: figures?.modelSeconds, isChosen: isChosen)
  }

  // MARK: Exits

  private static func positions(_ tokens: Int) -> [Range<Int>] {
    let width = max(1, (tokens + positionCount - 1) / positionCount)
    return stride(from: 0, to: tokens, by: width).map { $0..<min($0 + width, tokens) }
  }

  private static func exits(
    _ outcome: CalibrationOutcome, positions: [Range<Int>]
  ) throws -> (estimator: String?, exits: [Exit]) {
    guard let depths = outcome.pilots.first?.exits else { return (nil, []) }
    var thresholds: [Int: Float] = [:]
    if case .threshold(let policy) = outcome.policy.rule {
      for (exit, threshold) in zip(policy.exits, policy.thresholds) { thresholds[exit] = threshold }
    }
    let leading = outcome.leading?.candidate
    let trained = outcome.trained.first { $0.estimator.kind == leading?.learned }
    let name = leading.flatMap { $0.estimator?.name ?? $0.learned?.rawValue }
    let traces = try outcome.pilots.filter { $0.tokenCount > 0 }.map { pilot in
      try name.map { try pilot.trace(of: $0, confidences: trained?.scores[pilot.prompt]) }
    }
    let exits = depths.indices.map { index in
      let agreements = outcome.pilots.map { pilot in
        (0..<pilot.tokenCount).map { pilot.agrees(token: $0, exitIndex: index) }
      }
      let all = agreements.flatMap(\.self)
      return Exit(
        depth: depths[index], threshold: thresholds[depths[index]],
        bins: Bin.bins(
          traces.flatMap { trace in
            (0..<(trace?.tokenCount ?? 0)).compactMap { token in
              trace.map {
                ($0.confidence(token: token, exitIndex: index), $0.agrees(token: token, exitIndex: index))
              }
            }
          }),
        agreement: all.isEmpty ? 0 : Double(all.count(where: \.self)) / Double(all.count),
        agreements: shares(agreements, positions: positions),
        quality: trained?.estimator.networks.first { $0.depth == depths[index] }?.quality)
    }
    return (name, exits)
  }

  /// Share of agreeing tokens at each range of places; nil where there is no token.
  private static func shares(_ answers: [[Bool]], positions: [Range<Int>]) -> [Double?] {
    positions.map { range in
      let here = answers.flatMap { $0[min(range.lowerBound, $0.count)..<min(range.upperBound, $0.count)] }
      return here.isEmpty ? nil : Double(here.count(where: \.self)) / Double(here.count)
    }
  }

  // MARK: Answers

  private mutating func addAnswers(
    _ answers: [PromptTrace], language: LanguageModel, data: [PromptExample], progress: (Double) -> Void
  ) throws {
    let checked = answers.filter { !$0.tokens.isEmpty }.prefix(Self.auditedAnswers)
    let stride = max(1, checked.count / Self.exampleCount)
    var agreements: [[Bool]] = []
    for (index, answer) in checked.enumerated() {
      progress(Double(index) / Double(checked.count))
      let prompt = try language.promptTokens(of: data[answer.prompt])
      let audit = try AnswerAudit(prompt: prompt, answer: answer.tokens, on: language)
      var found: [Bool]?
      while found == nil { found = try audit.advance() }
      agreements.append(found ?? [])
      guard index.isMultiple(of: stride), examples.count < Self.exampleCount else { continue }
      examples.append(
        Example(
          prompt: Self.shown(data[answer.prompt]),
          tokens: Self.tokens(answer, agreements: found ?? [], language: language)))
    }
    policyAgreements = Self.shares(agreements, positions: positions)
  }

  private static func shown(_ example: PromptExample) -> String {
    let text = example.messages.map(\.content).joined(separator: "\n\n")
    return text.count > promptLength ? "\(text.prefix(promptLength))…" : text
  }

  private static func tokens(
    _ answer: PromptTrace, agreements: [Bool], language: LanguageModel
  ) -> [Example.Token] {
    var decoder = language.tokenizer.makeStreamingDecoder(continuing: false)
    return answer.tokens.indices.map { index in
      let isEnd = language.tokenizer.endOfGeneration.contains(answer.tokens[index])
      return Example.Token(
        text: isEnd ? " \u{25A0}" : decoder.append(answer.tokens[index]), depth: answer.depths[index],
        agrees: agreements.indices.contains(index) ? agreements[index] : nil)
    }
  }

  // MARK: Facts

  private static func facts(
    _ outcome: CalibrationOutcome, settings: CalibrationSettings, language: LanguageModel
  ) -> [(name: String, value: String)] {
    let (policy, costs) = (outcome.policy, outcome.costs)
    var facts: [(name: String, value: String)] = [
      ("model", "\(language.name), \(language.metadata.quantization)"), ("fingerprint", language.fingerprint),
      (
        "exit adapters",
        language.metadata.adapter.map { "\($0.kind), \($0.tuning)" } ?? "none: the shared norm and head"
      ),
    ]
    func add(_ name: String, _ value: String?) {
      if let value { facts.append((name, value)) }
    }
    add("data", policy.provenance?.data)
    add("data, SHA-256", policy.provenance?.dataSHA256)
    add("seed", "\(settings.seed)")
    add("method", policy.guarantee?.method)
    add("machine", policy.measured?.machine)
    let layer = costs.seconds(layers: 1, rows: 1, context: outcome.context)
    add(
      "costs",
      "a layer \(Figure.milliseconds(layer)), a head \(Figure.milliseconds(costs.headSeconds())), after "
        + "\(Figure.short(outcome.context)) positions")
    add("tool", policy.provenance?.tool)
    add("command", policy.provenance?.command)
    return facts
  }
}

extension CalibrationFindings.Bin {
  private static let count = 10

  /// Tokens by confidence, in bins of equal width; empty ones are left out.
  static func bins(_ tokens: [(confidence: Float, agrees: Bool)]) -> [CalibrationFindings.Bin] {
    var sums = [(confidence: Double, agreeing: Int, tokens: Int)](repeating: (0, 0, 0), count: count)
    for token in tokens {
      let index = min(max(Int(token.confidence * Float(count)), 0), count - 1)
      sums[index].confidence += Double(token.confidence)
      sums[index].agreeing += token.agrees ? 1 : 0
      sums[index].tokens += 1
    }
    return sums.filter { $0.tokens > 0 }.map {
      CalibrationFindings.Bin(
        confidence: $0.confidence / Double($0.tokens), agreement: Double($0.agreeing) / Double($0.tokens),
        tokens: $0.tokens)
    }
  }
}
