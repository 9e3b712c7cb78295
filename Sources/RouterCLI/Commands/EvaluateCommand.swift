import ArgumentParser
import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterPictures
import RouterTokenizer

/// `router evaluate`
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures every exit of a model: cross-entropy, agreement with full depth, answers, likeness.",
    discussion: """
      On given answers (teacher-forced): each exit's cross-entropy, its agreement with full depth, and the least \
      mean depth of a threshold at 1, 2, 5 and 10 % of differing tokens. With --answers, sub-models also answer \
      freely and are compared with the reference by exact match (questions) and ROUGE-L. All intervals are 95 % \
      bootstrap intervals over prompts. Rows as for `router calibrate`.
      """)

  /// A judge whose input can be written.
  enum Judge: String, ExpressibleByArgument, CaseIterable {
    case pandalm
  }

  @OptionGroup var model: ModelOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Rows with answers, .json or .jsonl; may be repeated.", valueName: "file"))
  var data: [String]

  @Option(help: ArgumentHelp("Use the first n rows of each file.", valueName: "n"))
  var rows: Int?

  @Option(help: "How prompts are written: chat (the model's template) or alpaca.")
  var template: PromptTemplate = .chat

  @Option(help: ArgumentHelp("Cut texts off after n tokens, prompt included.", valueName: "n"))
  var textTokens: Int?

  @Option(
    help: ArgumentHelp("Let each exit answer the first n rows freely as well; 0 for none.", valueName: "n"))
  var answers = 0

  @Option(help: ArgumentHelp("Exits that answer; all if absent.", valueName: "list"))
  var exits: IntegerList?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Let this policy answer too; may be repeated.", valueName: "name"))
  var policy: [String] = []

  @Flag(help: "Use a policy although it was calibrated for another model.")
  var allowMismatch = false

  @Option(help: ArgumentHelp("New tokens of a free answer at most.", valueName: "n"))
  var maxTokens = 50

  @Option(help: "When an answer to a question is right: exact (as the paper), contains or final-number.")
  var answerRule: AnswerRule = .exact

  @Option(
    help: ArgumentHelp(
      "Compare sub-models by output position on the first 170 rows; write similarity.json and heat maps here.",
      valueName: "directory"))
  var similarity: String?

  @Option(help: "Write the free answers for a judge: pandalm. Needs --answers and --out.")
  var export: Judge?

  @Option(name: .shortAndLong, help: ArgumentHelp("Directory for exported answers.", valueName: "directory"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Model from before tuning: tell, too, how often each exit says what its full depth says.",
      valueName: "file"))
  var original: String?

  @Flag(help: "Read the exits without their adapters.")
  var withoutAdapter = false

  @Option(help: ArgumentHelp("Bootstrap resamples.", valueName: "n"))
  var resamples = 1000

  @Option(help: ArgumentHelp("Seed of the bootstrap.", valueName: "n"))
  var seed: UInt64 = 1

  /// Prompts of the paper's similarity study.
  private static let similarityPrompts = 170

  func validate() throws {
    if data.isEmpty { throw ValidationError("Give --data with at least one file.") }
    for (name, value) in [
      ("rows", rows ?? 1), ("text-tokens", textTokens ?? 1), ("max-tokens", maxTokens),
      ("resamples", resamples),
    ] where value < 1 {
      throw ValidationError("--\(name) is \(value). Use at least 1.")
    }
    if answers < 0 { throw ValidationError("--answers is \(answers). Use at least 0.") }
    if export != nil && (answers == 0 || out == nil) {
      throw ValidationError("--export needs --answers with the number of prompts and --out with a directory.")
    }
  }

  func run() async throws {
    let examples = try data.flatMap { try Dataset(path: $0, limit: self.rows).examples }
    var language = try model.load()
    if withoutAdapter { language = language.withoutAdapters() }
    let subjects = try self.subjects(for: language)
    let report = EvaluationReport(
      model: language.name, fingerprint: language.fingerprint, hasAdapters: language.hasAdapters,
      layers: language.layerCount, forced: try forced(language, examples),
      answers: try freeAnswers(language, examples, subjects), similarity: try similar(language, examples),
      exported: try exported(language, examples, subjects))
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  private func subjects(for language: LanguageModel) throws -> [AnswerSubject] {
    let wanted = exits?.values ?? language.exits
    if let unknown = wanted.first(where: { !language.exits.contains($0) }) {
      throw CommandError(
        "the model has no exit after layer \(unknown)", at: "--exits",
        remedy: "Choose of \(language.exits.map(String.init).joined(separator: ", ")).")
    }
    let policies = try policy.map { name -> AnswerSubject in
      let file = try PolicyLocator.standard.load(name)
      return .plan(try ExitPlan(file, for: language, allowMismatch: allowMismatch))
    }
    return wanted.map(AnswerSubject.exit) + policies
  }

  private func forced(_ language: LanguageModel, _ examples: [PromptExample]) throws -> ForcedReport {
    let original = try loadOriginal(for: language)
    let bar = ProgressBar("Scoring answers")
    defer { bar.finish() }
    var study = ForcedStudy(
      language, template: template, limit: textTokens, original: original)
    for (index, example) in examples.enumerated() {
      try study.add(example)
      bar.update(Double(index + 1) / Double(examples.count))
    }
    return try study.report(resamples: resamples, seed: seed)
  }

  private func loadOriginal(for language: LanguageModel) throws -> LanguageModel? {
    guard let original else { return nil }
    let other = try model.load(path: original, maximumExit: nil)
    guard other.tokenizer.definition == language.tokenizer.definition else {
      throw CommandError(
        "the original has another tokenizer than the model", at: original,
        remedy: "Compare with the model that was tuned.")
    }
    return other
  }

  private func study(_ language: LanguageModel) -> AnswerStudy {
    AnswerStudy(
      language,
      .init(
        template: template, maximumTokens: maxTokens, rule: answerRule, resamples: resamples, seed: seed))
  }

  private func freeAnswers(
    _ language: LanguageModel, _ examples: [PromptExample], _ subjects: [AnswerSubject]
  ) throws -> [AnswerReport]? {
    guard answers > 0, export == nil else { return nil }
    return try subjects.map { subject in
      let bar = ProgressBar("Answering, \(subject.name):")
      defer { bar.finish() }
      return try study(language).report(on: Array(examples.prefix(answers)), subject: subject) {
        bar.update($0)
      }
    }
  }

  private func exported(
    _ language: LanguageModel, _ examples: [PromptExample], _ subjects: [AnswerSubject]
  ) throws -> PandaLMExport.Files? {
    guard export == .pandalm, let out else { return nil }
    let chosen = Array(examples.prefix(answers))
    let texts = try subjects.map { subject in
      let bar = ProgressBar("Answering, \(subject.name):")
      defer { bar.finish() }
      return (
        subject: subject,
        texts: try chosen.enumerated().map { index, example in
          bar.update(Double(index) / Double(chosen.count))
          return try study(language).answer(to: example, by: subject).text
        }
      )
    }
    return try PandaLMExport.write(chosen, answers: texts, to: out)
  }

  private func similar(_ language: LanguageModel, _ examples: [PromptExample]) throws -> SimilarityReport? {
    guard let similarity else { return nil }
    let bar = ProgressBar("Comparing sub-models")
    defer { bar.finish() }
    let chosen = examples.prefix(Self.similarityPrompts)
    var study = SimilarityStudy(language)
    let answering = AnswerStudy(
      language,
      .init(
        template: template, maximumTokens: SimilarityStudy.paperPositions, rule: answerRule, resamples: 1,
        seed: seed))
    for (index, example) in chosen.enumerated() {
      let answer = try answering.answer(to: example, by: .exit(language.layerCount))
      try study.add(
        prompt: language.promptTokens(of: example, template: template), answer: answer.tokens)
      bar.update(Double(index + 1) / Double(chosen.count))
    }
    let report = try study.report()
    try report.write(to: similarity)
    return report
  }
}

extension PromptTemplate: ExpressibleByArgument {}

extension SimilarityReport {
  /// Writes `similarity.json` and two heat maps into a directory.
  fileprivate func write(to directory: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      let maps = heatMaps
      let files = [
        ("similarity.json", try encoder.encode(self)), ("divergence.svg", Data(maps.divergence.svg.utf8)),
        ("cosine.svg", Data(maps.cosine.svg.utf8)),
      ]
      for (name, content) in files {
        try content.write(to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
      }
    } catch {
      throw CommandError(
        "the study cannot be written: \(error.localizedDescription)", at: directory,
        remedy: "Choose another directory with --similarity.")
    }
  }
}
