import RouterCalibration
import RouterDecoding
import RouterExit

/// Learns to decide exits from some prompts, and certifies or measures what came of it on others.
///
/// What is to be done is decided by values (``LearningWork``, then ``CertifyingWork`` or ``BudgetWork``) from what has
/// been recorded; a ``CalibrationRunner`` does it. Everything measured goes into a trace file first, so a
/// calibration that is killed resumes where it stopped.
package final class Calibrator {
  let language: LanguageModel
  let settings: CalibrationSettings
  let split: PromptSplit
  let trace: TraceFile
  let costs: CostModel
  let planning: PathPlanning
  let runner: CalibrationRunner
  let progress: (CalibrationProgress) -> Void

  /// Prepares, and reads what an earlier run left in the trace file.
  ///
  /// - Parameter costs: what layers, heads and decisions cost on this machine.
  /// - Throws: `CalibrationError` if there are too few prompts or the trace file belongs to other settings,
  ///   ``EvaluationError`` if the metric needs answers that the examples lack or a prompt exceeds the context.
  package init(
    language: LanguageModel, examples: [PromptExample], dataSHA256: String, settings: CalibrationSettings,
    costs: CostModel, tracePath: String, progress: @escaping (CalibrationProgress) -> Void
  ) throws {
    var settings = settings
    settings.keyValueType = language.keyValueType
    if !language.hasNarrowHead { settings.useFullHead() }
    self.language = language
    self.settings = settings
    self.costs = costs
    self.progress = progress
    split = try settings.split(of: examples.count)
    if settings.metric == .exactMatch, let example = examples.firstIndex(where: { $0.reference == nil }) {
      throw EvaluationError(
        .unusableRow, "the metric exact-match needs an answer in every row", at: "row \(example + 1)",
        remedy: "Give rows of the form question, answer, or choose another metric.")
    }
    trace = try TraceFile(
      path: tracePath,
      header: TraceHeader(
        modelFingerprint: language.fingerprint, dataSHA256: dataSHA256, settings: settings.traceSettings))
    let lengths = try split.pilot.map { try language.promptTokens(of: examples[$0]).count }
    planning = PathPlanning(
      settings: settings, layerCount: language.layerCount, costs: costs,
      context: Self.meanContext(
        promptLengths: lengths, maximumTokens: settings.maximumTokens, limit: language.contextLength))
    runner = CalibrationRunner(
      language: language, examples: examples, settings: settings, planning: planning, trace: trace)
  }

  /// Does what is missing and makes the policy.
  ///
  /// - Parameter provenance: written into the policy.
  package func run(name: String, provenance: PolicyProvenance) throws -> CalibrationOutcome {
    var learning = LearningWork(
      settings: settings, split: split, hasExits: !language.exitsBelowFullDepth.isEmpty,
      records: trace.records)
    try finish(&learning)
    runner.forgetStates()
    let plans = settings.candidates.compactMap { trace.records.plan(of: $0) }
    let comparison = AnswerComparison(
      metric: settings.metric, keyValues: settings.keyValues, layerCount: language.layerCount,
      costs: costs, context: planning.context, clients: settings.clients)
    let (candidates, decision): ([CandidateOutcome], CalibrationDecision)
    if let budget = TokenBudget(settings.goal) {
      var work = BudgetWork(
        settings: settings, split: split, plans: plans, budget: budget, comparison: comparison)
      try finish(&work)
      (candidates, decision) = (work.candidates, work.decision)
    } else {
      var work = CertifyingWork(
        settings: settings, split: split, plans: plans, risk: settings.risk, comparison: comparison)
      try finish(&work)
      (candidates, decision) = (work.candidates, work.decision)
    }
    return CalibrationOutcome(
      policy: try file(decision, name: name, provenance: provenance), candidates: candidates,
      winner: decision.winner?.candidate,
      pilots: learning.pilots.compactMap { trace.records.pilot(prompt: $0) },
      trained: settings.learnedKinds.compactMap(trace.records.estimator),
      answers: decision.answers, verifiedRatio: decision.verifiedRatio,
      fullTokensPerSecond: trace.records.fullTokensPerSecond, costs: costs,
      context: planning.context,
      fullSeconds: comparison.fullSeconds)
  }

  /// Does tasks until none is left.
  private func finish(_ work: inout some CalibrationWork) throws {
    while let list = try work.next(trace.records) {
      for (index, group) in list.groups.enumerated() {
        progress(
          CalibrationProgress(stage: list.stage, share: Double(index) / Double(list.groups.count)))
        for task in group { try runner.perform(task) }
        if try work.isSettled(byGroup: index, trace.records) { break }
      }
    }
  }

  /// Positions before a generated token, on average: a pilot prompt and half of an answer.
  private static func meanContext(promptLengths: [Int], maximumTokens: Int, limit: Int) -> Double {
    let prompt = Double(promptLengths.reduce(0, +)) / Double(max(promptLengths.count, 1))
    return min(prompt + Double(maximumTokens) / 2, Double(limit))
  }
}

extension TraceRecords {
  /// Speed of full depth's answers, each counted once; nil without any that was timed.
  var fullTokensPerSecond: Double? {
    var (tokens, seconds) = (0, 0.0)
    for case .prompt(let answer) in all where answer.decoding == .full {
      tokens += max(answer.tokens.count - 1, 0)
      seconds += answer.seconds
    }
    return seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
  }
}
