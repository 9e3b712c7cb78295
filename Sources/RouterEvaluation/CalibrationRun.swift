import RouterCalibration
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

/// Runs a model over prompts and certifies a point of a path of thresholds.
///
/// Everything measured goes into a trace file first, so a run that is killed resumes where it stopped.
package final class CalibrationRun {
  /// What is being done, for a progress bar.
  package struct Progress: Sendable {
    /// In words, such as `point 2 of at most 9`.
    package let stage: String
    /// Share of the stage that is done, 0 ... 1.
    package let share: Double
  }

  /// What came of it.
  package struct Outcome: Sendable {
    /// The policy: thresholds of the last passing point, or full depth if none passed.
    package let policy: PolicyFile
    /// One row for each tested point.
    package let rows: [CalibrationRow]
    package let plan: PathPlan
    /// 0-based index of the certified row; nil if no point passed.
    package let certified: Int?
    /// Full-depth tokens a second on the pilot prompts.
    package let fullTokensPerSecond: Double?
    /// What parts of a token cost here.
    package let costs: CostModel
    /// Seconds per token of each row by those costs, as deep as its tokens went; nil for a row without tokens.
    package let seconds: [Double?]
    /// Positions before a token, on average, that costs are stated for.
    package let context: Double
  }

  let language: LanguageModel
  private let rows: [EvaluationRow]
  let settings: CalibrationSettings
  let split: PromptSplit
  private let testing: TestingSequence.Settings
  let trace: TraceFile
  private let forcing: TeacherForcing
  let costs: CostModel
  private let progress: (Progress) -> Void

  /// Prepares, and reads what an earlier run left in the trace file.
  ///
  /// - Parameter costs: what layers, heads and decisions cost on this machine.
  /// - Throws: `CalibrationError` if there are too few prompts or the trace file belongs to other settings,
  ///   ``EvaluationError`` if the metric needs answers that the rows lack.
  package init(
    language: LanguageModel, rows: [EvaluationRow], dataSHA256: String, settings: CalibrationSettings,
    costs: CostModel, tracePath: String, progress: @escaping (Progress) -> Void
  ) throws {
    self.language = language
    self.rows = rows
    self.settings = settings
    self.costs = costs
    self.progress = progress
    split = try settings.split(of: rows.count)
    testing = try TestingSequence.Settings(
      risk: settings.risk, delta: settings.delta, test: settings.metric.preferredTest,
      promptCount: split.certifying.count)
    if settings.metric == .exactMatch, let row = rows.firstIndex(where: { $0.reference == nil }) {
      throw EvaluationError(
        .unusableRow, "the metric exact-match needs an answer in every row", at: "row \(row + 1)",
        remedy: "Give rows of the form question, answer, or choose another metric.")
    }
    trace = try TraceFile(
      path: tracePath,
      header: TraceHeader(
        modelFingerprint: language.fingerprint, dataSHA256: dataSHA256, settings: settings.traceSettings))
    forcing = TeacherForcing(language)
  }

  /// Runs what is missing, tests the points in order, and makes the policy.
  ///
  /// - Parameter provenance: written into the policy.
  package func run(name: String, provenance: PolicyProvenance) throws -> Outcome {
    try runPilot()
    let context = try meanContext()
    let plan = try recordedPlan(context: context)
    var sequence = TestingSequence(settings: testing, pointCount: plan.points.count)
    var table: [CalibrationRow] = []
    var seconds: [Double?] = []
    while case .testing(let point) = sequence.state {
      let policy = try self.policy(name: name, plan: plan, point: point)
      let answers = try self.answers(
        split.certifying, point: point, policy: policy,
        stage: "point \(point + 1) of at most \(plan.points.count)"
      ) { losses in try sequence.failsForCertain(lossesSoFar: losses) }
      let result = try sequence.record(losses: answers.map(loss))
      table.append(
        CalibrationRow(threshold: plan.points[point].threshold, result: result, answers: answers))
      seconds.append(
        costs.secondsPerToken(
          depths: answers.flatMap(\.depths), exits: plan.exits, layerCount: language.layerCount,
          estimator: settings.estimator, context: context))
    }
    guard case .finished(let passing) = sequence.state else { throw Self.unfinished }
    let fullSpeed = fullTokensPerSecond
    let file = try passing.map { passing in
      try certifiedFile(
        name: name, plan: plan, passing: passing, row: table[passing.point],
        headCost: costs.headInLayers(context: context), fullSpeed: fullSpeed, provenance: provenance)
    }
    return Outcome(
      policy: try file ?? fullDepthFile(name: name, provenance: provenance), rows: table, plan: plan,
      certified: passing?.point, fullTokensPerSecond: fullSpeed, costs: costs,
      seconds: seconds, context: context)
  }

  private static var unfinished: EvaluationError {
    EvaluationError(.notCertified, "the testing sequence did not finish", remedy: "Run the command again.")
  }

  // MARK: Policies

  private func policy(name: String, plan: PathPlan, point: Int) throws -> ThresholdPolicy {
    try ThresholdPolicy(
      name: name, estimator: settings.estimator, exits: plan.exits, thresholds: plan.thresholds(at: point),
      decay: settings.decay)
  }

  private func certifiedFile(
    name: String, plan: PathPlan, passing: TestingSequence.PointResult, row: CalibrationRow, headCost: Double,
    fullSpeed: Double?, provenance: PolicyProvenance
  ) throws -> PolicyFile {
    let policy = try self.policy(name: name, plan: plan, point: passing.point)
    let heldOut = try answers(split.heldOut, point: passing.point, policy: policy, stage: "held-out prompts")
    let heldOutRisk = heldOut.map(loss).reduce(0, +) / Double(max(heldOut.count, 1))
    return try PolicyFile(
      rule: .threshold(policy),
      guarantee: PolicyGuarantee(
        metric: settings.metric.rawValue, risk: settings.risk, delta: settings.delta,
        prompts: testing.promptCount, method: "learn-then-test, \(testing.test.rawValue)",
        bound: passing.bound, empiricalRisk: passing.empiricalRisk,
        heldOutRisk: heldOut.isEmpty ? nil : heldOutRisk,
        heldOutPrompts: heldOut.isEmpty ? nil : heldOut.count,
        maximumTokens: settings.maximumTokens),
      measured: PolicyMeasurements(
        meanDepth: row.meanDepth ?? Double(language.layerCount), tokensPerSecond: row.tokensPerSecond,
        fullTokensPerSecond: fullSpeed, headCostInLayers: headCost, machine: machine),
      provenance: provenance)
  }

  /// What the speeds were measured on, in words.
  private var machine: String {
    let multiplier = language.model.multiplier
    return
      "\(Processor.current.name), threads \(multiplier.team.threadCount), kernels \(multiplier.kernels.name)"
  }

  /// No threshold meets the promise: every token runs all layers, which keeps it.
  private func fullDepthFile(name: String, provenance: PolicyProvenance) throws -> PolicyFile {
    try PolicyFile(
      rule: .fixed(FixedDepthPolicy(name: name, depth: language.layerCount)),
      notes: "No threshold was certified for the asked risk, so every token runs all layers.",
      measured: PolicyMeasurements(
        meanDepth: Double(language.layerCount), fullTokensPerSecond: fullTokensPerSecond, machine: machine),
      provenance: provenance)
  }

  // MARK: Pilot

  private func runPilot() throws {
    let done = Set(trace.pilots.map(\.prompt))
    for (index, row) in split.pilot.enumerated() {
      progress(Progress(stage: "pilot prompts", share: Double(index) / Double(split.pilot.count)))
      guard !done.contains(row) else { continue }
      let answer = try fullAnswer(row)
      let exits = Array(language.exits.dropLast())
      let prompt = try promptTokens(row)
      let tokens = prompt + answer.tokens
      let scores = try forcing.scores(of: tokens, scored: prompt.count..<tokens.count, exits: language.exits)
      guard let full = scores.last else { continue }
      var confidences: [Float] = []
      var agreements: [Bool] = []
      for position in full.indices {
        for exit in exits.indices {
          let score = scores[exit][position]
          confidences.append(score.confidence(settings.estimator))
          agreements.append(score.argmax == full[position].argmax)
        }
      }
      try trace.append(
        .pilot(PilotTrace(prompt: row, exits: exits, confidences: confidences, agreements: agreements)))
    }
  }

  // MARK: Answers

  /// Answers of prompts under a point of the path, from the trace or generated now, in order.
  private func answers(
    _ prompts: [Int], point: Int, policy: ThresholdPolicy, stage: String,
    stop: ([Double]) throws -> Bool = { _ in false }
  ) throws -> [PromptTrace] {
    var answers: [PromptTrace] = []
    for (index, row) in prompts.enumerated() {
      progress(Progress(stage: stage, share: Double(index) / Double(prompts.count)))
      let answer =
        try trace.answer(prompt: row, run: .point(point)) ?? generate(row, point: point, policy: policy)
      answers.append(answer)
      if try stop(answers.map(loss)) { break }
    }
    return answers
  }

  private func loss(_ answer: PromptTrace) -> Double { answer.losses[settings.metric.rawValue] ?? 1 }

  private func generate(_ row: Int, point: Int, policy: ThresholdPolicy) throws -> PromptTrace {
    let prompt = try promptTokens(row)
    let run = try FreeRun(
      prompt: prompt, maximumTokens: newTokens(after: prompt), policy: policy,
      stopStrings: language.chatStopStrings, on: language)
    let value: Double
    switch settings.metric {
    case .disagreement:
      let tokens = prompt + run.tokens
      let scores = try forcing.scores(
        of: tokens, scored: prompt.count..<tokens.count, exits: [language.layerCount])
      value = LossMetric.tokenDisagreement((scores.last ?? []).map { $0.argmax ?? -1 }, run.tokens)
    case .rougeL:
      value = LossMetric.rougeDistance(try fullAnswer(row).tokens, run.tokens)
    case .exactMatch:
      let expected = rows[row].reference ?? ""
      let full = language.decode(try fullAnswer(row).tokens)
      value = LossMetric.exactMatchLoss(
        fullIsRight: settings.answerRule.isRight(expected: expected, generated: full),
        exitIsRight: settings.answerRule.isRight(expected: expected, generated: run.text))
    }
    let answer = try PromptTrace(
      prompt: row, run: .point(point), tokens: run.tokens, depths: run.depths,
      losses: [settings.metric.rawValue: value], seconds: run.seconds)
    try trace.append(.prompt(answer))
    return answer
  }

  /// The full-depth answer of a prompt, generated once.
  private func fullAnswer(_ row: Int) throws -> PromptTrace {
    if let known = trace.answer(prompt: row, run: .full) { return known }
    let prompt = try promptTokens(row)
    let run = try FreeRun(
      prompt: prompt, maximumTokens: newTokens(after: prompt), policy: nil,
      stopStrings: language.chatStopStrings, on: language)
    let answer = try PromptTrace(
      prompt: row, run: .full, tokens: run.tokens, depths: run.depths, losses: [:], seconds: run.seconds)
    try trace.append(.prompt(answer))
    return answer
  }

  func promptTokens(_ row: Int) throws -> [Int32] {
    let tokens = try language.promptTokens(of: rows[row])
    guard tokens.count + 1 < language.contextLength else {
      throw EvaluationError(
        .unusableRow, "the prompt has \(tokens.count) tokens; the context has \(language.contextLength)",
        at: "row \(row + 1)", remedy: "Leave the row out.")
    }
    return tokens
  }

  private func newTokens(after prompt: [Int32]) -> Int {
    min(settings.maximumTokens, language.contextLength - prompt.count)
  }

  /// Speed of the full-depth answers of the trace.
  private var fullTokensPerSecond: Double? {
    var (tokens, seconds) = (0, 0.0)
    for case .prompt(let answer) in trace.records where answer.run == .full {
      tokens += max(answer.tokens.count - 1, 0)
      seconds += answer.seconds
    }
    return seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
  }
}
