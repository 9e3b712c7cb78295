import Foundation
import RouterCalibration
import RouterTestSupport
import Testing

/// Depths read from a trace that is not resumed.
struct RecordedDepthsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func trace(_ answers: [(TracedDecoding, [Int])]) throws -> String {
    let path = directory.file("trace.jsonl")
    let file = try TraceFile(
      path: path, header: TraceHeader(modelFingerprint: "m", dataSHA256: "d", settings: [:]))
    for (prompt, (decoding, depths)) in answers.enumerated() {
      try file.append(
        .prompt(
          try PromptTrace(
            prompt: prompt, decoding: decoding, tokens: depths.map { _ in 1 }, depths: depths, losses: [:],
            seconds: 1)))
    }
    return path
  }

  /// The point that was decoded last counts, all of its answers, over the layers of full depth.
  @Test func depthsAreSharesOfTheLayers() throws {
    let path = try trace([
      (.full, [8, 8]), (.point(.entropy, 1), [2, 2]), (.point(.entropy, 3), [4, 8]), (.fullAgain, [8]),
      (.point(.entropy, 3), [6]),
    ])
    let depths = try RecordedDepths(trace: path)
    #expect(depths.shares == [0.5, 1, 0.75] && depths.answers == 2 && depths.mean == 0.75)
  }

  @Test func whatHasNoAnswersWithExitsIsRefused() throws {
    #expect(throws: CalibrationError.self) { try RecordedDepths(trace: trace([(.full, [8, 8])])) }
    #expect(throws: CalibrationError.self) { try RecordedDepths(trace: directory.file("nothing.jsonl")) }
    let other = directory.file("other.jsonl")
    try Data("{\"a\": 1}\n".utf8).write(to: URL(fileURLWithPath: other))
    #expect(throws: CalibrationError.self) { try RecordedDepths(trace: other) }
  }

  /// A trace of another format is named as such.
  @Test func anotherFormatIsRefused() throws {
    let path = try trace([(.point(.entropy, 3), [4, 8])])
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: #""trace":3"#, with: #""trace":2"#)
      .write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: CalibrationError.self) { try RecordedDepths(trace: path) }
    #expect(error?.code == .settingsMismatch)
  }
}
