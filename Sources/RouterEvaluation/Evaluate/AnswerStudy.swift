import RouterCalibration
import RouterDecoding
import RouterExit

/// Lets subjects answer prompts freely and greedily, and compares with the reference answers.
package struct AnswerStudy {
  /// How answers are made and judged.
  package struct Settings: Sendable {
    package var template: PromptTemplate
    /// New tokens of an answer at most.
    package var maximumTokens: Int
    /// When a question's answer is right.
    package var rule: AnswerRule
    package var resamples: Int
    package var seed: UInt64

    package init(
      template: PromptTemplate, maximumTokens: Int, rule: AnswerRule, resamples: Int, seed: UInt64
    ) {
      self.template = template
      self.maximumTokens = maximumTokens
      self.rule = rule
      self.resamples = resamples
      self.seed = seed
    }
  }

  private let language: LanguageModel
  private let settings: Settings

  package init(_ language: LanguageModel, _ settings: Settings) {
    self.language = language
    self.settings = settings
  }

  /// A subject's answer to one row.
  package func answer(to example: PromptExample, by subject: AnswerSubject) throws -> FreeRunningAnswer {
    let prompt = try language.promptTokens(of: example, template: settings.template)
    guard let room = try? language.limits.room(behind: prompt) else {
      throw EvaluationError(
        .unusableRow, "a prompt has \(prompt.count) tokens; the context has \(language.contextLength)",
        remedy: "Leave the row out.")
    }
    let (decoding, exit): (Decoding, Int?) =
      switch subject {
      case .exit(let depth): (.full, depth)
      case .plan(let plan): (.exit(plan), nil)
      }
    return try FreeRunningAnswer(
      prompt: prompt, maximumTokens: min(settings.maximumTokens, room), decoding: decoding, maximumExit: exit,
      stopStrings: language.chatStopStrings, on: language)
  }

  /// Answers all rows that have a reference.
  ///
  /// - Throws: ``EvaluationError`` `noData` if none has.
  package func report(
    on examples: [PromptExample], subject: AnswerSubject, progress: (Double) -> Void
  ) throws -> AnswerReport {
    var (matches, rouges, depths, counts) = ([Double](), [Double](), [Double](), [Double]())
    let examples = examples.filter { $0.reference != nil }
    guard !examples.isEmpty else {
      throw EvaluationError(
        .noData, "no row has an answer to compare with", remedy: "Give rows with answers.")
    }
    for (index, example) in examples.enumerated() {
      progress(Double(index) / Double(examples.count))
      let reference = example.reference ?? ""
      let run = try answer(to: example, by: subject)
      if example.isQuestion {
        matches.append(settings.rule.isRight(expected: reference, generated: run.text) ? 1 : 0)
      }
      rouges.append(Rouge.scoreL(reference: reference, candidate: run.text))
      depths.append(Double(run.depths.reduce(0, +)) / Double(max(run.depths.count, 1)))
      counts.append(Double(run.tokens.count))
    }
    func interval(_ values: [Double]) -> Interval {
      Bootstrap(count: values.count, resamples: settings.resamples, seed: settings.seed).mean(of: values)
    }
    return AnswerReport(
      subject: subject.name, prompts: examples.count, exactMatch: matches.isEmpty ? nil : interval(matches),
      rougeL: interval(rouges), meanDepth: interval(depths),
      meanTokens: counts.reduce(0, +) / Double(counts.count))
  }
}
