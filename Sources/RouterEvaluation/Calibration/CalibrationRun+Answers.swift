import RouterCalibration
import RouterDecoding
import RouterExit

// Answers of prompts, from the trace or generated now, and what they lose.
extension CalibrationRun {
  /// Answers of prompts under a point of a path, in order.
  func answers(
    _ prompts: [Int], plan: PathPlan, point: Int, stage: String,
    stop: ([Double]) throws -> Bool = { _ in false }
  ) throws -> [PromptTrace] {
    var answers: [PromptTrace] = []
    for (index, row) in prompts.enumerated() {
      progress(Progress(stage: stage, share: Double(index) / Double(prompts.count)))
      answers.append(try answer(row, plan: plan, point: point))
      if try stop(answers.map(loss)) { break }
    }
    return answers
  }

  func loss(_ answer: PromptTrace) -> Double { answer.losses[settings.metric.rawValue] ?? 1 }

  /// The answer of a prompt under a point of a path, generated once.
  func answer(_ row: Int, plan: PathPlan, point: Int) throws -> PromptTrace {
    let run = PromptTrace.Run.point(plan.candidate, point)
    if let known = trace.answer(prompt: row, run: run) { return known }
    let prompt = try promptTokens(row)
    let free = try freeRun(prompt, decoding: .exit(exitPlan(plan, point: point)))
    let value: Double
    switch settings.metric {
    case .disagreement:
      let tokens = prompt + free.tokens
      let scores = try forcing.scores(
        of: tokens, scored: prompt.count..<tokens.count, exits: [language.layerCount])
      value = TokenDistance.disagreement((scores.last ?? []).map { $0.argmax ?? -1 }, free.tokens)
    case .rougeL:
      value = TokenDistance.rouge(try fullAnswer(row).tokens, free.tokens)
    case .exactMatch:
      let expected = rows[row].reference ?? ""
      let full = language.decode(try fullAnswer(row).tokens)
      value = LossMetric.exactMatchLoss(
        fullIsRight: settings.answerRule.isRight(expected: expected, generated: full),
        exitIsRight: settings.answerRule.isRight(expected: expected, generated: free.text))
    }
    let answer = try PromptTrace(
      prompt: row, run: run, tokens: free.tokens, depths: free.depths,
      losses: [settings.metric.rawValue: value], seconds: free.seconds)
    try trace.append(.prompt(answer))
    return answer
  }

  /// The full-depth answer of a prompt, generated once, or once more to be timed beside other runs.
  func fullAnswer(_ row: Int, again: Bool = false) throws -> PromptTrace {
    let run = again ? PromptTrace.Run.fullAgain : .full
    if let known = trace.answer(prompt: row, run: run) { return known }
    let free = try freeRun(try promptTokens(row), decoding: .full)
    let answer = try PromptTrace(
      prompt: row, run: run, tokens: free.tokens, depths: free.depths, losses: [:], seconds: free.seconds)
    try trace.append(.prompt(answer))
    return answer
  }

  private func freeRun(_ prompt: [Int32], decoding: Decoding) throws -> FreeRun {
    try FreeRun(
      prompt: prompt, maximumTokens: min(settings.maximumTokens, language.contextLength - prompt.count),
      decoding: decoding, stopStrings: language.chatStopStrings, on: language)
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

  /// What a candidate's thresholds are compared with; nil if it has none.
  func estimator(_ candidate: Candidate) -> ExitEstimator? {
    candidate.estimator
      ?? candidate.learned.flatMap(trace.estimator).map { .learned($0.estimator) }
  }

  func rule(_ plan: PathPlan, point: Int, name: String) throws -> PolicyFile.Rule {
    try plan.policyRule(
      at: point, name: name, estimator: estimator(plan.candidate), decay: settings.decay)
  }

  private func exitPlan(_ plan: PathPlan, point: Int) throws -> ExitPlan {
    try ExitPlan(
      PolicyFile(rule: rule(plan, point: point, name: plan.candidate.rawValue)), for: language,
      keyValues: settings.keyValues)
  }

  /// Runs candidates and full depth on the same prompts, taking turns prompt by prompt, so that whatever
  /// else the machine does slows all of them alike.
  ///
  /// - Parameter entries: a plan and its 0-based point each.
  /// - Returns: figures in the order of the entries.
  func interleaved(
    _ entries: [(plan: PathPlan, point: Int)], prompts: [Int], context: Double, stage: String
  ) throws -> [AnswerFigures] {
    var answers = entries.map { _ in [PromptTrace]() }
    var full: [PromptTrace] = []
    for (index, row) in prompts.enumerated() {
      progress(Progress(stage: stage, share: Double(index) / Double(prompts.count)))
      full.append(try fullAnswer(row, again: true))
      for turn in entries.indices {
        let entry = (turn + index) % entries.count
        answers[entry].append(try answer(row, plan: entries[entry].plan, point: entries[entry].point))
      }
    }
    return zip(entries, answers).map { entry, answers in
      figures(entry.plan, point: entry.point, answers: answers, beside: full, context: context)
    }
  }

  /// - Parameter beside: full-depth answers to the same prompts, made in the same minutes.
  private func figures(
    _ plan: PathPlan, point: Int, answers: [PromptTrace], beside full: [PromptTrace], context: Double
  ) -> AnswerFigures {
    let depths = answers.flatMap(\.depths)
    let count = Double(max(depths.count, 1))
    let model = costs.secondsPerToken(
      depths: depths, asked: plan.askedExits(at: point), layerCount: language.layerCount,
      candidate: plan.candidate, keyValues: settings.keyValues, context: context)
    func speed(_ answer: PromptTrace) -> Double? {
      // The first token comes from the prompt.
      answer.tokens.count > 1 && answer.seconds > 0
        ? answer.seconds / Double(answer.tokens.count - 1) : nil
    }
    let ratios = zip(answers, full).compactMap { answer, full in
      speed(answer).flatMap { own in speed(full).map { own / $0 } }
    }
    let timed = answers.filter { speed($0) != nil }
    let tokens = timed.reduce(0) { $0 + $1.tokens.count - 1 }
    return AnswerFigures(
      point: point, prompts: answers.count,
      loss: answers.map(loss).reduce(0, +) / Double(max(answers.count, 1)),
      meanDepth: Double(depths.reduce(0, +)) / count, modelSeconds: model ?? 0,
      seconds: tokens > 0 ? timed.reduce(0) { $0 + $1.seconds } / Double(tokens) : nil,
      timeRatio: ratios.isEmpty ? nil : Sample(ratios).median)
  }
}
