import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport

/// Calibrations of a tiny model on twenty-four prompts with one trace file.
///
/// With exact-match, a risk and a delta of .2 take ceil(ln .2 / ln .8) = 8 prompts.
struct CalibrationFixture {
  let language: LanguageModel
  let directory: TemporaryDirectory
  var settings: CalibrationSettings
  var examples: [PromptExample]
  /// Seconds of a head; a layer costs 10 microseconds.
  var headSeconds = 1e-5
  var dataSHA256 = String(repeating: "da", count: 32)

  var tracePath: String { directory.file("trace.jsonl") }

  init(
    amplitude: Float, metric: LossMetric = .disagreement,
    candidates: [Candidate] = [.maximumProbabilityLogits],
    keyValueType: KeyValueType? = nil, hasNarrowHead: Bool = true
  ) throws {
    language = try TinyLanguage.make(
      likely: nil, amplitude: amplitude, keyValueType: keyValueType, hasNarrowHead: hasNarrowHead)
    directory = try TemporaryDirectory()
    settings = CalibrationSettings(candidates: candidates, goal: .risk(0.2), metric: metric)
    settings.delta = 0.2
    settings.maximumTokens = 6
    settings.trialPrompts = 2
    examples = try (0..<24).map {
      try example(#"{"question": "\#($0) of many prompts", "answer": "\#($0)"}"#)
    }
  }

  /// Opens the trace file and closes it: writes its header.
  func open() throws { _ = try calibration() }

  /// One process' life.
  func run() throws -> CalibrationOutcome {
    try calibration().run(
      name: "tiny",
      provenance: PolicyProvenance(modelSHA256: language.fingerprint, dataSHA256: dataSHA256))
  }

  /// A run and recalibrations on its traces.
  func run(simulating runs: Int) throws -> RecalibrationStudy.Result {
    let calibration = try calibration()
    let outcome = try calibration.run(
      name: "tiny",
      provenance: PolicyProvenance(modelSHA256: language.fingerprint, dataSHA256: dataSHA256))
    return try calibration.simulate(runs, of: outcome)
  }

  private func calibration() throws -> Calibrator {
    let costs = try CostModel(
      rows: [1], layers: [CostLine(base: 1e-5, perPosition: 0)], heads: [headSeconds], decisionSeconds: [:])
    return try Calibrator(
      language: language, examples: examples, dataSHA256: dataSHA256, settings: settings, costs: costs,
      tracePath: tracePath, progress: { _ in })
  }

  func traceBytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: tracePath)) }

  /// The answers recorded under the points of the path.
  func answers() throws -> [PromptTrace] {
    try traceBytes().split(separator: UInt8(ascii: "\n")).dropFirst().compactMap {
      guard case .prompt(let answer) = try JSONDecoder().decode(TraceRecord.self, from: Data($0)) else {
        return nil
      }
      if case .point = answer.decoding { return answer }
      return nil
    }
  }

  /// Decides the path in place of the planner: one threshold for some exits of three at each point.
  func plan(exits: [Int], thresholds: [Float]) throws {
    let points = thresholds.enumerated().map { step, threshold in
      PathPlan.Point(
        rule: .thresholds((1...3).map { exits.contains($0) ? threshold : nil }),
        // The first is tried, and loses so little that all the others are tested as well.
        pilotRisk: [0.001, 0.3, 0.39][step], pilotMeanDepth: 4, pilotCost: 4.5 - Double(step))
    }
    let plan = PathPlan(
      candidate: .maximumProbabilityLogits, exits: [1, 2, 3], points: points, payoffs: [], fullCost: 5)
    try open()
    let line = try JSONEncoder().encode(TraceRecord.plan(plan)) + Data("\n".utf8)
    try (traceBytes() + line).write(to: URL(fileURLWithPath: tracePath))
  }
}
