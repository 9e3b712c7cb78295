import Foundation
import RouterTestSupport
import RouterTraining
import Testing

struct TuningMetricsTests {
  /// A run's directory, which is removed afterwards.
  private func withDirectory(_ body: (TuningDirectory) throws -> Void) throws {
    let temporary = try TemporaryDirectory()
    try body(TuningDirectory(temporary.file("run"), resuming: false))
  }

  private func line(_ step: Int, loss: Float) -> TuningMetrics.Line {
    .init(
      step: step, learningRate: 0.5, tokensPerSecond: 10, losses: ["9": loss, "30": loss / 2],
      divergences: ["9": loss / 4], heldOut: ["30": 1], heldOutDivergences: ["30": 0.5])
  }

  private func written(_ directory: TuningDirectory) throws -> [TuningMetrics.Line] {
    try Data(contentsOf: URL(fileURLWithPath: directory.metrics)).split(separator: 0x0A).map {
      try JSONDecoder().decode(TuningMetrics.Line.self, from: Data($0))
    }
  }

  /// A killed run has written steps after its last state; the resumed one does them again.
  @Test func aResumedRunReplacesTheStepsThatItDoesAgain() throws {
    try withDirectory { directory in
      let killed = TuningMetrics(directory)
      for step in 1...5 { try killed.append(line(step, loss: 8)) }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.metrics))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"step":6,"lo"#.utf8))
      try handle.close()
      let resumed = TuningMetrics(directory)
      for step in 4...6 { try resumed.append(line(step, loss: 4)) }
      let expected = (1...3).map { line($0, loss: 8) } + (4...6).map { line($0, loss: 4) }
      #expect(try written(directory) == expected)
    }
  }

  @Test func theFirstLineOfEachPartSaysWhatIsDone() throws {
    try withDirectory { directory in
      let killed = TuningMetrics(directory, tuning: "--lr 1")
      for step in 1...3 { try killed.append(line(step, loss: 8)) }
      let resumed = TuningMetrics(directory, tuning: "--lr 0.1")
      for step in 3...4 { try resumed.append(line(step, loss: 4)) }
      #expect(try written(directory).map(\.tuning) == ["--lr 1", nil, "--lr 0.1", nil])
    }
  }

  @Test func theCurveHasALineForEachExit() throws {
    try withDirectory { directory in
      let metrics = TuningMetrics(directory)
      #expect(try metrics.draw(title: "t", verticalTitle: "loss") == nil)
      for step in 1...3 { try metrics.append(line(step, loss: 1 / Float(step))) }
      #expect(try metrics.draw(title: "t", verticalTitle: "loss") == directory.curve)
      let picture = try String(contentsOfFile: directory.curve, encoding: .utf8)
      #expect(picture.contains("exit 9") && picture.contains("exit 30"))
    }
  }

  @Test func anEarlierRunIsResumedOrLeftAlone() throws {
    try withDirectory { directory in
      try Data().write(to: URL(fileURLWithPath: directory.state))
      let error = #expect(throws: (any Error).self) { try TuningDirectory(directory.path, resuming: false) }
      #expect(error.map { "\($0)" }?.contains("--resume") == true)
      #expect(try TuningDirectory(directory.path, resuming: true).state == directory.state)
    }
  }

  @Test func aFreshRunStartsFreshMetrics() throws {
    try withDirectory { directory in
      try TuningMetrics(directory).append(line(1, loss: 1))
      let again = try TuningDirectory(directory.path, resuming: false)
      try TuningMetrics(again).append(line(1, loss: 2))
      #expect(try written(again) == [line(1, loss: 2)])
    }
  }
}
