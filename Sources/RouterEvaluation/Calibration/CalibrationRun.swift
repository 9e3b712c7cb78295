import RouterCalibration
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

/// Learns to decide exits from some prompts, and certifies or measures what came of it on others.
///
/// Everything measured goes into a trace file first, so a run that is killed resumes where it stopped.
package final class CalibrationRun {
  /// What is being done, for a progress bar.
  package struct Progress: Sendable {
    /// In words, such as `probe: point 2 of at most 7`.
    package let stage: String
    /// Share of the stage that is done, 0 ... 1.
    package let share: Double
  }

  /// What came of it.
  package struct Outcome: Sendable {
    /// The policy; full depth if nothing meets the goal.
    package let policy: PolicyFile
    /// What became of each candidate, in the order of the settings.
    package let candidates: [CandidateOutcome]
    /// What the policy is; nil for full depth.
    package let winner: Candidate?
    /// What the exits said along full depth's answers to the pilot prompts.
    package let pilots: [PilotAnswer]
    /// What was learned from hidden states.
    package let trained: [TrainedEstimator]
    /// Answers of the certifying prompts at the policy's point; empty for full depth.
    package let answers: [PromptTrace]
    /// Full-depth tokens a second on the pilot prompts.
    package let fullTokensPerSecond: Double?
    /// What parts of a token cost here.
    package let costs: CostModel
    /// Positions before a token, on average, that costs are stated for.
    package let context: Double
    /// Seconds per token at full depth, by the cost model.
    package let fullSeconds: Double

    /// The winner's part, or that of the first candidate that was tested or at least planned.
    package var leading: CandidateOutcome? {
      candidates.first { $0.candidate == winner } ?? candidates.first { !$0.rows.isEmpty } ?? candidates.first
    }
    /// One row for each tested point of the leading candidate.
    package var rows: [CalibrationRow] { leading?.rows ?? [] }
    /// 0-based index of the certified row; nil if no point passed.
    package var certified: Int? { leading?.certified }
  }

  let language: LanguageModel
  let rows: [EvaluationRow]
  let settings: CalibrationSettings
  let split: PromptSplit
  let trace: TraceFile
  let forcing: TeacherForcing
  let costs: CostModel
  let progress: (Progress) -> Void

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

  /// Runs what is missing and makes the policy.
  ///
  /// - Parameter provenance: written into the policy.
  package func run(name: String, provenance: PolicyProvenance) throws -> Outcome {
    let pilots = try pilotAnswers()
    try trainMissingEstimators()
    let context = try meanContext()
    let plans = try plans(pilots, context: context)
    var candidates = plans.map {
      CandidateOutcome(
        candidate: $0.candidate, plan: $0, verdict: $0.points.isEmpty ? .hopeless : .untested)
    }
    let decision: Decision
    switch settings.goal {
    case .risk(let risk): decision = try certify(&candidates, risk: risk, context: context, name: name)
    case .layers, .tokensPerSecond: decision = try meetBudget(&candidates, context: context, name: name)
    }
    let full = costs.seconds(layers: language.layerCount, rows: 1, context: context) + costs.choice
    return Outcome(
      policy: try file(decision, name: name, context: context, provenance: provenance),
      candidates: candidates, winner: decision.winner?.candidate, pilots: pilots,
      trained: settings.candidates.compactMap { $0.learned }.compactMap(trace.estimator),
      answers: decision.answers, fullTokensPerSecond: fullTokensPerSecond, costs: costs, context: context,
      fullSeconds: full)
  }

  /// What the policy will be.
  struct Decision {
    /// nil for full depth.
    var winner: CandidateOutcome?
    /// 0-based point of the winner's path.
    var point = 0
    /// Answers of the certifying prompts at that point.
    var answers: [PromptTrace] = []
    var guarantee: PolicyGuarantee?
    /// For a budget.
    var risk: MeasuredRisk?
  }

  /// Positions before a generated token, on average: a pilot prompt and half of an answer.
  func meanContext() throws -> Double {
    let lengths = try split.pilot.map { try promptTokens($0).count }
    let prompt = Double(lengths.reduce(0, +)) / Double(max(lengths.count, 1))
    return min(prompt + Double(settings.maximumTokens) / 2, Double(language.contextLength))
  }

  /// The exits that a policy may use.
  var exits: [Int] { Array(language.exits.dropLast()) }

  /// Speed of the full-depth answers of the trace.
  var fullTokensPerSecond: Double? {
    var (tokens, seconds) = (0, 0.0)
    for case .prompt(let answer) in trace.records where answer.run == .full {
      tokens += max(answer.tokens.count - 1, 0)
      seconds += answer.seconds
    }
    return seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
  }
}
