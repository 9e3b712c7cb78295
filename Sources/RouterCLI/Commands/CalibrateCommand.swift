import ArgumentParser
import Foundation
import RouterCalibration
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterImport

/// `router calibrate`
struct CalibrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Learns exit thresholds that keep a promise about quality, and proves it.",
    discussion: """
      A third of the prompts chooses a path of thresholds per exit and trains estimators on hidden states; the \
      others are answered freely under points of the path from conservative to aggressive, and the last point \
      before the first failure of a statistical test is kept (learn-then-test). With probability 1 - delta over \
      the prompts, the expected loss is at most the risk. `--policy best` compares all estimators by measured \
      seconds and keeps the fastest that passes; `--policy budget` with --layers or --tokens-per-second meets a \
      budget instead of a risk, and measures its loss. Rows: instruction, input, output (Alpaca); question, \
      answer; prompt, completion; or OpenAI messages. Metrics: disagreement (share of an answer's tokens that \
      full depth would not have chosen after the same tokens), rouge-l (1 - ROUGE-L to the full-depth answer), \
      exact-match (right at full depth, wrong with exits).
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Rows of prompts, .json or .jsonl; may be repeated.", valueName: "file"))
  var data: [String]

  @Option(
    name: .shortAndLong,
    help: """
      What decides: max-probability, margin, entropy (the narrow head's logits behind a gate); the same with -logits \
      (the full head's, for study); probe, mlp, entropy-probe, saturation (the hidden state); patience; fixed; best of \
      all; or budget.
      """)
  var policy: CalibrationChoice

  @Option(
    help: ArgumentHelp("Candidates of best and budget, with commas; all if absent.", valueName: "names"))
  var candidates: CandidateList?

  @Option(help: ArgumentHelp("Budget: mean layers per token.", valueName: "n"))
  var layers: Double?

  @Option(help: ArgumentHelp("Budget: speed by the machine's cost model.", valueName: "n"))
  var tokensPerSecond: Double?

  @Option(help: ArgumentHelp("Expected loss per prompt that is tolerated.", valueName: "x"))
  var risk = 0.1

  @Option(help: ArgumentHelp("Tolerated probability that the promise is wrong.", valueName: "x"))
  var delta = 0.05

  @Option(help: "Loss: disagreement, rouge-l or exact-match.")
  var metric: LossMetric = .disagreement

  @Option(help: "When an answer is right, for exact-match: exact, contains or final-number.")
  var answerRule: AnswerRule = .contains

  @Option(help: ArgumentHelp("Use at most n prompts, drawn at random.", valueName: "n"))
  var prompts = 240

  @Option(help: ArgumentHelp("New tokens of an answer at most.", valueName: "n"))
  var maxTokens = 64

  @Option(help: "What thresholds are to save: seconds (heads and decisions count) or layers.")
  var objective: CalibrationSettings.Objective = .seconds

  @Option(
    help: ArgumentHelp(
      "Answers that are decoded together where seconds are to be saved, such as 16 or 1,16; several count alike.",
      valueName: "list"))
  var clients: IntegerList?

  @Option(
    help: ArgumentHelp("Depths at which thresholds may let tokens go; all if absent.", valueName: "list"))
  var exits: IntegerList?

  @Option(help: "What tokens leave in skipped layers: propagate or exact; the promise holds for it alone.")
  var kv: KeyValueMode = .propagate

  @Option(help: ArgumentHelp("Candidates of best that are tested; they share delta.", valueName: "n"))
  var finalists = 2

  @Option(
    help: ArgumentHelp(
      "Repeat the calibration n times on resampled traces, and count broken promises.", valueName: "n"))
  var simulate: Int?

  @Option(help: ArgumentHelp("Let thresholds fall along the answer (CALM), with this tau.", valueName: "tau"))
  var decay: Float?

  @Option(help: ArgumentHelp("Seed that deals the prompts out.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Name of the policy; what decides if absent.", valueName: "text"))
  var name: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File to write; ./policies/NAME.json if absent.", valueName: "file"))
  var out: String?

  @Option(
    help: ArgumentHelp("Trace file, which a killed run resumes; in the cache if absent.", valueName: "file"))
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "Report to write, one HTML file with pictures; beside the trace file if absent.", valueName: "file"))
  var report: String?

  func validate() throws {
    for (label, value) in [("risk", risk), ("delta", delta)] where !(value >= 1e-6 && value < 1) {
      throw ValidationError(
        "--\(label) is \(value). Use a number below 1 and at least 0.000001, such as 0.05.")
    }
    if prompts < 1 { throw ValidationError("--prompts is \(prompts). Use at least 1.") }
    if maxTokens < 1 { throw ValidationError("--max-tokens is \(maxTokens). Use at least 1.") }
    if finalists < 1 { throw ValidationError("--finalists is \(finalists). Use at least 1.") }
    if let simulate, !(1...100_000).contains(simulate) {
      throw ValidationError("--simulate is \(simulate). Use 1 to 100000.")
    }
    if let clients, clients.values.isEmpty || !clients.values.allSatisfy((1...256).contains) {
      throw ValidationError("--clients takes numbers from 1 to 256, with commas, such as 1,16.")
    }
    _ = try goal()
    if data.isEmpty { throw ValidationError("Give --data with at least one file.") }
  }

  func run() async throws {
    let policyName = name ?? policy.name
    let destination = out ?? "policies/\(policyName).json"
    // Hours of work must not end at a place that cannot be written.
    try makeDirectory(of: destination)
    let examples = try data.flatMap { try Dataset(path: $0).examples }
    let dataHash = try SHA256Digest.hex(
      of: Data(data.map { try SHA256Digest.hex(ofFile: $0) }.joined(separator: "\n").utf8))
    let language = try model.load()
    var settings = try self.settings(known: language.exits.dropLast())
    settings.keyValueType = language.keyValueType
    noteHeads(of: settings, on: language)
    let tracePath = try trace ?? defaultTrace(language, dataHash, settings)
    let reportPath = report ?? Self.defaultReport(trace: tracePath)
    try makeDirectory(of: reportPath)
    let costs = try CostSource(refresh: false).costs(of: language)
    let bars = StageBars()
    defer { bars.finish() }
    let run = try Calibrator(
      language: language, examples: examples, dataSHA256: dataHash, settings: settings, costs: costs,
      tracePath: tracePath,
      progress: { bars.update($0.stage, $0.share) })
    let outcome = try run.run(
      name: policyName,
      provenance: PolicyProvenance(
        model: language.name, modelSHA256: language.fingerprint,
        data: data.map { URL(fileURLWithPath: $0).lastPathComponent }.joined(separator: ", "),
        dataSHA256: dataHash, tool: ToolVersion.provenance,
        command: command))
    let simulation = try simulate.map { try run.simulate($0, of: outcome) }
    try outcome.policy.write(to: destination)
    try writeReport(
      outcome, settings: settings, language: language, examples: examples, trace: tracePath, to: reportPath
    ) { bars.update("report", $0) }
    bars.finish()
    let report = CalibrationReport(
      outcome, path: destination, trace: tracePath, page: reportPath, layers: language.layerCount,
      simulation: simulation)
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  /// Says where the full head is asked in place of a narrow one.
  private func noteHeads(of settings: CalibrationSettings, on language: LanguageModel) {
    let narrow = settings.candidates.filter { $0.head == .narrow }.map(\.rawValue)
    guard !language.hasNarrowHead, !narrow.isEmpty else { return }
    Terminal.note(
      "The model has no narrow head, so that \(narrow.joined(separator: ", ")) ask the full one, which may cost more "
        + "than it saves; `router tune --narrow-head` finds one.")
  }

  private func goal() throws -> CalibrationSettings.Goal {
    let budgets = [layers, tokensPerSecond].compactMap { $0 }
    guard policy == .budget else {
      if !budgets.isEmpty {
        throw ValidationError("--layers and --tokens-per-second belong to --policy budget.")
      }
      return .risk(risk)
    }
    guard budgets.count == 1, budgets[0].isFinite, budgets[0] > 0 else {
      throw ValidationError("--policy budget takes a positive --layers or --tokens-per-second.")
    }
    return layers.map { .layers($0) } ?? .tokensPerSecond(budgets[0])
  }

  /// - Parameter known: the model's exits below full depth.
  private func settings(known: [Int]) throws -> CalibrationSettings {
    var settings = CalibrationSettings(
      candidates: candidates?.values ?? policy.candidates, goal: try goal(), metric: metric)
    settings.delta = delta
    settings.maximumTokens = maxTokens
    settings.promptLimit = prompts
    settings.seed = seed
    settings.decay = try decay.map { try ThresholdDecay(tau: $0, length: maxTokens) }
    settings.objective = objective
    settings.clients = clients?.values ?? [1]
    settings.exits = try exits.map { list in
      if let unknown = list.values.first(where: { !known.contains($0) }) {
        throw ValidationError(
          "--exits names \(unknown). Use some of \(known.map(String.init).joined(separator: ", ")).")
      }
      return Set(list.values)
    }
    settings.keyValues = kv
    settings.answerRule = answerRule
    settings.finalists = finalists
    return settings
  }

  /// This command, as far as it decides the outcome.
  private var command: String {
    var parts = ["router calibrate --policy \(policy.name)"]
    if let candidates { parts.append("--candidates \(candidates.name)") }
    if let layers { parts.append("--layers \(layers)") }
    if let tokensPerSecond { parts.append("--tokens-per-second \(tokensPerSecond)") }
    parts.append("--metric \(metric.rawValue)")
    if policy != .budget { parts.append("--risk \(risk)") }
    parts.append("--delta \(delta) --prompts \(prompts) --max-tokens \(maxTokens) --seed \(seed)")
    if let decay { parts.append("--decay \(decay)") }
    if let exits { parts.append("--exits \(exits.values.map(String.init).joined(separator: ","))") }
    if objective != .seconds { parts.append("--objective \(objective.rawValue)") }
    if let clients { parts.append("--clients \(clients.values.map(String.init).joined(separator: ","))") }
    if kv != .propagate { parts.append("--kv \(kv.rawValue)") }
    if let type = model.keyValueType { parts.append("--kv-type \(type.rawValue)") }
    if finalists != 2 { parts.append("--finalists \(finalists)") }
    return parts.joined(separator: " ")
  }

  private func defaultTrace(
    _ language: LanguageModel, _ dataHash: String, _ settings: CalibrationSettings
  ) throws -> String {
    let directory = "\(try ModelCache().directory)/traces"
    let key = SHA256Digest.hex(
      of: Data("\(language.fingerprint) \(dataHash) \(settings.traceKey)".utf8)
    ).prefix(16)
    let path = "\(directory)/\(policy.name)-\(key).jsonl"
    try makeDirectory(of: path)
    return path
  }

  private func makeDirectory(of path: String) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw CommandError(
        "the directory cannot be made", at: directory.path,
        remedy: "Choose another place with --out, --trace or --report.")
    }
  }
}

extension LossMetric: ExpressibleByArgument {}
extension AnswerRule: ExpressibleByArgument {}
extension CalibrationSettings.Objective: ExpressibleByArgument {}

/// One progress bar for each stage of a calibration.
private final class StageBars {
  private var stage = ""
  private var bar: ProgressBar?

  func update(_ stage: String, _ share: Double) {
    if stage != self.stage {
      bar?.finish()
      bar = ProgressBar("Calibrating, \(stage):")
      self.stage = stage
    }
    bar?.update(share)
  }

  func finish() { bar?.finish() }
}
