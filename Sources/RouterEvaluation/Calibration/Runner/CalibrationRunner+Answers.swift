import RouterCalibration
import RouterDecoding
import RouterExit

// Answers of prompts, from the trace or generated now, and what they lose.
extension CalibrationRunner {
  /// A prompt's answer as a decoding gives it, generated once.
  func answer(_ prompt: Int, _ decoding: TracedDecoding) throws -> PromptTrace {
    if let known = trace.records.answer(prompt: prompt, decoding: decoding) { return known }
    let tokens = try promptTokens(prompt)
    var losses: [String: Double] = [:]
    let free: FreeRunningAnswer
    switch decoding {
    case .full, .fullAgain: free = try generate(tokens, decoding: .full)
    case .verified: free = try generate(tokens, decoding: .verify())
    case .point(let candidate, let point):
      free = try generate(tokens, decoding: .exit(exitPlan(candidate, point: point)))
      losses[settings.metric.rawValue] = try loss(of: free, prompt: prompt, tokens: tokens)
    }
    let answer = try PromptTrace(
      prompt: prompt, decoding: decoding, tokens: free.tokens, depths: free.depths, losses: losses,
      seconds: free.seconds)
    try trace.append(.prompt(answer))
    return answer
  }

  private func loss(of free: FreeRunningAnswer, prompt: Int, tokens: [Int32]) throws -> Double {
    switch settings.metric {
    case .disagreement:
      return TokenDistance.disagreement(
        try TeacherForcing(language).choices(after: tokens, along: free.tokens), free.tokens)
    case .rougeL:
      return TokenDistance.rouge(try answer(prompt, .full).tokens, free.tokens)
    case .exactMatch:
      let expected = examples[prompt].reference ?? ""
      let full = language.decode(try answer(prompt, .full).tokens)
      return LossMetric.exactMatchLoss(
        fullIsRight: settings.answerRule.isRight(expected: expected, generated: full),
        exitIsRight: settings.answerRule.isRight(expected: expected, generated: free.text))
    }
  }

  private func generate(_ prompt: [Int32], decoding: Decoding) throws -> FreeRunningAnswer {
    try FreeRunningAnswer(
      prompt: prompt,
      maximumTokens: try language.limits.maximumTokens(
        behind: prompt, asked: nil, usual: settings.maximumTokens),
      decoding: decoding, stopStrings: language.chatStopStrings, on: language)
  }

  func promptTokens(_ prompt: Int) throws -> [Int32] {
    let tokens = try language.promptTokens(of: examples[prompt])
    guard tokens.count + 1 < language.contextLength else {
      throw EvaluationError(
        .unusableRow, "the prompt has \(tokens.count) tokens; the context has \(language.contextLength)",
        at: "row \(prompt + 1)", remedy: "Leave the row out.")
    }
    return tokens
  }

  /// What decides at a point of a plan.
  func rule(_ plan: PathPlan, point: Int, name: String) throws -> PolicyFile.Rule {
    try plan.policyRule(
      at: point, name: name, estimator: estimator(of: plan), gate: gate(of: plan), decay: settings.decay)
  }

  private func estimator(of plan: PathPlan) -> ExitEstimator? {
    plan.candidate.estimator
      ?? plan.candidate.learned.flatMap(trace.records.estimator).map { .learned($0.estimator) }
  }

  /// What a plan asks before it asks a head; nil if it always does.
  func gate(of plan: PathPlan) -> LearnedEstimator? {
    guard plan.candidate.head == .narrow else { return nil }
    return plan.candidate.learned.flatMap(trace.records.estimator)?.estimator
  }

  /// What a plan measures, with the networks of these depths if it is learned; nil if it measures nothing.
  func estimator(of plan: PathPlan, depths: [Int]) throws -> ExitEstimator? {
    guard case .learned(let learned) = estimator(of: plan) else { return estimator(of: plan) }
    return .learned(try learned.restricted(to: depths))
  }

  private func exitPlan(_ candidate: Candidate, point: Int) throws -> ExitPlan {
    guard let plan = trace.records.plan(of: candidate), plan.points.indices.contains(point) else {
      throw EvaluationError(
        .invalidSetting, "the path of \(candidate.rawValue) has no point \(point)", at: trace.path,
        remedy: "Delete the trace file and calibrate again.")
    }
    return try ExitPlan(
      PolicyFile(rule: rule(plan, point: point, name: candidate.rawValue)), for: language,
      keyValues: settings.keyValues)
  }
}
