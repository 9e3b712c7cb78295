import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit

/// Calibrations of a tiny model on twelve prompts with one trace file.
///
/// A risk and a delta of .2 take ceil(ln .2 / ln .8) = 8 prompts: 2 choose the path, 8 certify, 2 are held out.
struct CalibrationFixture {
  let language: LanguageModel
  let directory: TemporaryDirectory
  var settings: CalibrationSettings
  var rows: [EvaluationRow]
  /// Seconds of a head; a layer costs 10 microseconds.
  var headSeconds = 1e-5
  var dataSHA256 = String(repeating: "da", count: 32)

  var tracePath: String { directory.file("trace.jsonl") }

  init(amplitude: Float, metric: LossMetric = .disagreement) throws {
    language = try TinyLanguage.make(amplitude: amplitude)
    directory = try TemporaryDirectory()
    settings = CalibrationSettings(
      estimator: .maximumProbability, metric: metric, risk: 0.2, delta: 0.2, maximumTokens: 6,
      promptLimit: nil, seed: 1, decay: nil, selection: .all, answerRule: .contains)
    rows = try (0..<12).map { try row(#"{"question": "\#($0) of twelve prompts", "answer": "\#($0)"}"#) }
  }

  /// Opens the trace file and closes it: writes its header.
  func open() throws { _ = try calibration() }

  /// One process' life.
  func run() throws -> CalibrationRun.Outcome {
    try calibration().run(
      name: "tiny",
      provenance: PolicyProvenance(modelSHA256: language.fingerprint, dataSHA256: dataSHA256))
  }

  private func calibration() throws -> CalibrationRun {
    let costs = try CostModel(
      rows: [1], layers: [CostLine(base: 1e-5, perPosition: 0)], heads: [headSeconds], checks: [:])
    return try CalibrationRun(
      language: language, rows: rows, dataSHA256: dataSHA256, settings: settings, costs: costs,
      tracePath: tracePath, progress: { _ in })
  }

  func traceBytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: tracePath)) }

  /// The answers recorded under the points of the path.
  func answers() throws -> [PromptTrace] {
    try traceBytes().split(separator: UInt8(ascii: "\n")).dropFirst().compactMap {
      guard case .prompt(let answer) = try JSONDecoder().decode(TraceRecord.self, from: Data($0)) else {
        return nil
      }
      return answer.run == .full ? nil : answer
    }
  }

  /// Decides the path in place of the planner.
  func plan(exits: [Int], thresholds: [Float]) throws {
    let points = thresholds.map {
      #"{"threshold": \#($0), "pilotRisk": 0, "pilotMeanDepth": 4, "pilotCost": 5}"#
    }
    let line = """
      {"plan": {"exits": \(exits), "points": [\(points.joined(separator: ", "))], "payoffs": [], "fullCost": 5}}

      """
    try open()
    try (traceBytes() + Data(line.utf8)).write(to: URL(fileURLWithPath: tracePath))
  }
}
