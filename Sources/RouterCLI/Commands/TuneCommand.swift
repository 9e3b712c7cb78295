import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation
import RouterTensor
import RouterTraining

/// `router tune`
struct TuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Trains a model's exits: sorted fine-tuning, its rivals, or adapters on a frozen model.",
    discussion: """
      With --exit-adapter the model stays as it is and each exit learns a small adapter in front of the shared \
      head, to say what full depth says; --out becomes an adapter file for `router adapter merge` or `router pull \
      --adapter`. With --method the weights themselves are tuned: sft (full depth alone), soft (all exits, sorted \
      fine-tuning), ict (a head for each exit, trunk frozen) or extracted (the first layers alone); --out becomes a \
      checkpoint. Exits that have adapters speak through them, and these are tuned along: first adapters, then \
      --method soft --loss distill on the model with them. With --self-distill no weights change: the model's own \
      answers to the prompts are written to --out, as rows to tune on. With --narrow-head no weights change either: \
      the dimensions are found in which the head looks at all tokens for a third of its price, and --out becomes an \
      adapter file with them and the adapters of --initial, or those that the model has.

      Only answers are learnt, never prompts. A run that was killed goes on with --resume and ends in the same \
      weights; one that diverged goes on with --resume and a lower --lr. Rows as for `router calibrate`.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var training: TrainingArguments

  @Option(help: ArgumentHelp("Rows to learn, .json or .jsonl; may be repeated.", valueName: "file"))
  var data: [String] = []

  @Option(help: ArgumentHelp("Held-out rows to evaluate on; may be repeated.", valueName: "file"))
  var evalData: [String] = []

  @Option(help: ArgumentHelp("Use the first n rows of each file.", valueName: "n"))
  var rows: Int?

  @Option(help: "How prompts are written: chat (the model's template) or alpaca.")
  var template: PromptTemplate = .chat

  @Option(help: ArgumentHelp("Cut texts off after n tokens, prompt included.", valueName: "n"))
  var textTokens = 512

  @Option(
    help: ArgumentHelp("Write the model's own answers to these prompts; may be repeated.", valueName: "file"))
  var selfDistill: [String] = []

  @Option(help: ArgumentHelp("With --self-distill: new tokens of an answer at most.", valueName: "n"))
  var maxTokens = 160

  @Option(
    help: ArgumentHelp(
      "With --self-distill: temperature of every second answer; the others are greedy.", valueName: "x"))
  var temperature: Float = 0.8

  @Option(
    help: ArgumentHelp(
      "Find a narrow head of so many dimensions, a multiple of 32; a sixth of the model's width is usual.",
      valueName: "n"))
  var narrowHead: Int?

  @Option(
    help: ArgumentHelp(
      "With --narrow-head: share of the head's choices that are to be among the tokens that are computed in all "
        + "dimensions.", valueName: "x"))
  var found = 0.99

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Adapter file, checkpoint or rows to write.", valueName: "file"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "Directory for state, metrics and the loss curve; OUT.tuning if absent.", valueName: "directory"))
  var work: String?

  @Flag(help: "Go on with the run that --work holds.")
  var resume = false

  func validate() throws {
    if data.isEmpty == selfDistill.isEmpty {
      throw ValidationError("Give either --data to learn from, or --self-distill with prompts to answer.")
    }
    for (name, value) in [("rows", rows ?? 1), ("text-tokens", textTokens), ("max-tokens", maxTokens)]
    where value < 1 {
      throw ValidationError("--\(name) is \(value). Use at least 1.")
    }
    if let narrowHead {
      guard selfDistill.isEmpty else {
        throw ValidationError("Give --narrow-head rows with --data; --self-distill writes such rows.")
      }
      guard narrowHead > 0, narrowHead.isMultiple(of: 32) else {
        throw ValidationError("--narrow-head is \(narrowHead). Use a multiple of 32.")
      }
    }
    guard found > 0, found <= 1 else { throw ValidationError("--found is \(found). Use a share up to 1.") }
    guard (0...100).contains(temperature) else {
      throw ValidationError("--temperature is \(temperature). Use 0 to 100.")
    }
  }

  func run() async throws {
    guard selfDistill.isEmpty else { return try distill() }
    if let narrowHead { return try findNarrowHead(rank: narrowHead) }
    let interrupt = Interrupt()
    let learnt = try data.map { try Dataset(path: $0, limit: rows) }
    let heldOut = try evalData.map { try Dataset(path: $0, limit: rows) }
    let directory = try TuningDirectory(work ?? "\(out).tuning", resuming: resume)
    try FileProbe.checkDirectory(of: out)
    let initial = try training.initial.map { try AdapterFile(path: $0) }
    let language = try model.load()
    let limit = min(textTokens, language.contextLength)
    let corpus = try TuningCorpus(
      documents(of: learnt, limit: limit, for: language),
      heldOut: heldOut.isEmpty ? nil : documents(of: heldOut, limit: limit, for: language), limit: limit)
    for note in corpus.notes { Terminal.note(note) }
    let display = TuningDisplay()
    defer { display.finish() }
    let outcome = try TuningRun(
      model: language.model, checkpoint: try CheckpointReader(path: model.path()), corpus: corpus,
      directory: directory, plan: training.plan(initial: initial), description: try provenance(initial),
      tool: ToolVersion.provenance, out: out, goesOn: { !interrupt.wasRaised },
      report: { display.show($0) }
    ).run()
    if output.json { try OutputOptions.printJSON(outcome) } else { outcome.print() }
  }

  /// The documents of rows, prompts masked.
  private func documents(
    of files: [Dataset], limit: Int, for language: LanguageModel
  ) throws -> TuningCorpus.Rows {
    TuningCorpus.Rows(
      paths: files.map(\.path),
      texts: try files.flatMap(\.examples).map { example in
        try language.scoredText(of: example, template: template, limit: limit).map {
          .init(try TrainingDocument(tokens: $0.tokens, scored: $0.scored), cutCount: $0.cutCount)
        }
      })
  }

  /// What was done, for the file that comes of it.
  private func provenance(_ initial: AdapterFile?) throws -> String {
    let start = try initial.map { "; started from \(try identity($0.path)), made by: \($0.record.tuning)" }
    return
      "router tune \(training.summary) --template \(template.rawValue) --text-tokens \(textTokens)"
      + (rows.map { " --rows \($0)" } ?? "") + "; data "
      + (try data.map(identity).joined(separator: ", ")) + (start ?? "")
  }

  private func findNarrowHead(rank: Int) throws {
    let interrupt = Interrupt()
    let learnt = try data.map { try Dataset(path: $0, limit: rows) }
    try FileProbe.checkDirectory(of: out)
    let initial = try training.initial.map { try AdapterFile(path: $0) }
    let language = try model.load()
    let texts = try documents(of: learnt, limit: min(textTokens, language.contextLength), for: language).texts
    let bar = ProgressBar("Reading")
    defer { bar.finish() }
    let result = try NarrowHeadTuning(
      language.model, rank: rank, encoding: training.encoding ?? .q8
    ).run(
      texts.compactMap { $0?.document }, found: found
    ) {
      bar.update($0)
      return !interrupt.wasRaised
    }
    bar.finish()
    guard let (values, tokens) = result else { return print("stopped; nothing was written") }
    let origin = try "rank \(rank), from \(tokens) tokens of " + data.map(identity).joined(separator: ", ")
    try AdapterFile.write(
      to: out, narrowHead: values.tensors, from: origin, beside: initial,
      of: try CheckpointReader(path: model.path()), tool: ToolVersion.provenance)
    print("wrote \(out): a narrow head of \(rank) dimensions, \(values.leadingBlocks) leading blocks")
  }

  private func identity(_ path: String) throws -> String {
    let name = URL(fileURLWithPath: path).lastPathComponent
    return "\(name) (SHA-256 \(try SHA256Digest.hex(ofFile: path).prefix(16)))"
  }

  private func distill() throws {
    let rows = try selfDistill.map { try Dataset(path: $0, limit: self.rows).examples }
    // Files take turns, so that a part of the work is a mixture of them all.
    let longest = rows.map(\.count).max() ?? 0
    let mixed = (0..<longest).flatMap { index in rows.compactMap { index < $0.count ? $0[index] : nil } }
    let language = try model.load()
    let interrupt = Interrupt()
    let bar = ProgressBar("Answering")
    defer { bar.finish() }
    try SelfDistillation(
      language, .init(maximumTokens: maxTokens, temperature: temperature, seed: training.seed)
    ).run(on: mixed, to: out) { done in
      bar.update(Double(done) / Double(mixed.count), "\(done) of \(mixed.count) prompts")
      return !interrupt.wasRaised
    }
    bar.finish()
    print(interrupt.wasRaised ? "stopped; the same command goes on with \(out)" : "wrote \(out)")
  }
}
