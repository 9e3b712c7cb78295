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
      Prompts are answered freely under thresholds from conservative to aggressive; the last point before the \
      first failure of a statistical test is kept (learn-then-test). With probability 1 - delta over the prompts, \
      the expected loss is at most the risk. Rows: instruction, input, output (Alpaca); question, answer; prompt, \
      completion; or OpenAI messages. Metrics: disagreement (share of an answer's tokens that full depth would \
      not have chosen after the same tokens), rouge-l (1 - ROUGE-L to the full-depth answer), exact-match (right \
      at full depth, wrong with exits).
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Rows of prompts, .json or .jsonl; may be repeated.", valueName: "file"))
  var data: [String]

  @Option(name: .shortAndLong, help: "Estimator: entropy, max-probability, margin or saturation.")
  var policy: ExitEstimator

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

  @Option(
    help: """
      Exits to use: paying (that save more time here than asking them takes), used (at which pilot tokens \
      leave), auto (paying, or used if none pays) or all.
      """)
  var exits: CalibrationSettings.ExitSelection = .auto

  @Option(help: ArgumentHelp("Let thresholds fall along the answer (CALM), with this tau.", valueName: "tau"))
  var decay: Float?

  @Option(help: ArgumentHelp("Seed that deals the prompts out.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Name of the policy; the estimator's if absent.", valueName: "text"))
  var name: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File to write; ./policies/NAME.json if absent.", valueName: "file"))
  var out: String?

  @Option(
    help: ArgumentHelp("Trace file, which a killed run resumes; in the cache if absent.", valueName: "file"))
  var trace: String?

  func validate() throws {
    for (label, value) in [("risk", risk), ("delta", delta)] where !(value >= 1e-6 && value < 1) {
      throw ValidationError(
        "--\(label) is \(value). Use a number below 1 and at least 0.000001, such as 0.05.")
    }
    if prompts < 1 { throw ValidationError("--prompts is \(prompts). Use at least 1.") }
    if maxTokens < 1 { throw ValidationError("--max-tokens is \(maxTokens). Use at least 1.") }
    if data.isEmpty { throw ValidationError("Give --data with at least one file.") }
  }

  func run() async throws {
    let policyName = name ?? policy.name
    let destination = out ?? "policies/\(policyName).json"
    // Hours of work must not end at a place that cannot be written.
    try makeDirectory(of: destination)
    let rows = try data.flatMap { try Dataset(path: $0).rows }
    let dataHash = try SHA256Digest.hex(
      of: Data(data.map { try SHA256Digest.hex(ofFile: $0) }.joined(separator: "\n").utf8))
    let language = try model.load()
    let settings = CalibrationSettings(
      estimator: policy, metric: metric, risk: risk, delta: delta, maximumTokens: maxTokens,
      promptLimit: prompts, seed: seed,
      decay: try decay.map { try ThresholdDecay(tau: $0, length: maxTokens) },
      selection: exits, answerRule: answerRule)
    let tracePath = try trace ?? defaultTrace(language, dataHash, settings)
    let costs = try CostSource(refresh: false).costs(of: language)
    let bars = StageBars()
    defer { bars.finish() }
    let run = try CalibrationRun(
      language: language, rows: rows, dataSHA256: dataHash, settings: settings, costs: costs,
      tracePath: tracePath,
      progress: { bars.update($0.stage, $0.share) })
    let outcome = try run.run(
      name: policyName,
      provenance: PolicyProvenance(
        model: language.name, modelSHA256: language.fingerprint,
        data: data.map { URL(fileURLWithPath: $0).lastPathComponent }.joined(separator: ", "),
        dataSHA256: dataHash, tool: ToolVersion.provenance,
        command: "router calibrate --policy \(policy.name) --metric \(metric.rawValue) --risk \(risk) "
          + "--delta \(delta) --prompts \(prompts) --max-tokens \(maxTokens) --seed \(seed)"))
    bars.finish()
    try outcome.policy.write(to: destination)
    let report = CalibrationReport(
      outcome, path: destination, trace: tracePath, layers: language.layerCount, estimator: policy)
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
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
        remedy: "Choose another place with --out or --trace.")
    }
  }
}

extension ExitEstimator: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }
  public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension LossMetric: ExpressibleByArgument {}
extension AnswerRule: ExpressibleByArgument {}
extension CalibrationSettings.ExitSelection: ExpressibleByArgument {}

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
