import Foundation
import RouterCalibration
import RouterExit
import RouterTestSupport
import Testing

@Suite struct TraceFileTests {
  static let header = TraceHeader(
    modelFingerprint: String(repeating: "ab", count: 32), dataSHA256: String(repeating: "cd", count: 32),
    settings: ["estimator": "entropy", "maximum-tokens": "64"])

  static func records() throws -> [TraceRecord] {
    [
      .pilot(
        try PilotAnswer(
          prompt: 3, exits: [9, 12], scores: ["entropy": [0.25, 0.5, 0.125, 1]], choices: [5, 6, 8, 8],
          full: [6, 8])),
      .estimator(
        TrainedEstimator(
          estimator: try LearnedEstimator(
            kind: .probe, width: 1,
            networks: [
              .init(
                depth: 9, parameters: [0.5, 0.25, -1, 2],
                quality: try EstimatorQuality(
                  tokens: 2, agreement: 0.5, auc: 1, brier: 0.25, calibrationError: 0.125))
            ]), scores: [3: [0.5, 0.75]])),
      .plan(
        PathPlan(
          candidate: .probe, exits: [9, 12],
          points: [
            .init(rule: .thresholds([0.9, nil]), pilotRisk: 0, pilotMeanDepth: 20.5, pilotCost: 25),
            .init(
              rule: .patience(exits: [9, 12], count: 2), pilotRisk: 0.5, pilotMeanDepth: 12, pilotCost: 14),
            .init(rule: .fixed(depth: 9), pilotRisk: 1, pilotMeanDepth: 9, pilotCost: 10),
          ],
          payoffs: [.init(exit: 9, isKept: true, exitShare: 0.25, savedLayers: 1.5)], fullCost: 38)),
      .prompt(
        try PromptTrace(
          prompt: 7, decoding: .full, tokens: [1, 2], depths: [30, 30], losses: [:], seconds: 0.5)),
      .prompt(
        try PromptTrace(
          prompt: 7, decoding: .point(.probe, 2), tokens: [1, 3], depths: [9, 30],
          losses: ["disagreement": 0.5],
          seconds: 0.25)),
    ]
  }

  static func withPath(_ body: (String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try withExtendedLifetime(directory) { try body($0.file("trace.jsonl")) }
  }

  /// A complete file's bytes.
  static func bytes() throws -> [UInt8] {
    var result: [UInt8] = []
    try withPath { path in
      let file = try TraceFile(path: path, header: header)
      for record in try records() { try file.append(record) }
      result = [UInt8](try Data(contentsOf: URL(filePath: path)))
    }
    return result
  }

  @Test func reopeningGivesEveryRecordBack() throws {
    try Self.withPath { path in
      do {
        let file = try TraceFile(path: path, header: Self.header)
        #expect(file.records.all.isEmpty)
        for record in try Self.records() { try file.append(record) }
        #expect(try file.records.all == Self.records())
      }
      let file = try TraceFile(path: path, header: Self.header)
      #expect(try file.records.all == Self.records())
      #expect(file.records.answer(prompt: 7, decoding: .point(.probe, 2))?.depths == [9, 30])
      #expect(file.records.answer(prompt: 7, decoding: .full)?.tokens == [1, 2])
      #expect(file.records.answer(prompt: 7, decoding: .point(.probe, 1)) == nil)
      #expect(file.records.pilots.map(\.prompt) == [3])
      #expect(file.records.plan(of: .probe)?.exits == [9, 12])
      #expect(file.records.plan(of: .mlp) == nil)
      #expect(file.records.estimator(.probe)?.scores == [3: [0.5, 0.75]])
      #expect(file.records.estimator(.mlp) == nil)
    }
  }

  /// Cut at any byte, the file resumes with the records that were complete, and ends up the same.
  ///
  /// Every append waits for the disk, so only every 16th cut (and those around line feeds) is completed
  /// again.
  @Test func aFileCutAtAnyByteResumesExactly() throws {
    let bytes = try Self.bytes()
    let records = try Self.records()
    let headerCount = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1
    try Self.withPath { path in
      for count in 0...bytes.count {
        let isNearLineFeed = bytes[max(0, count - 2)..<min(bytes.count, count + 1)].contains(
          UInt8(ascii: "\n"))
        let isCompleted = count.isMultiple(of: 16) || isNearLineFeed
        // A header that was cut off is written again at once.
        if count < headerCount && !isCompleted { continue }
        try Data(bytes[..<count]).write(to: URL(filePath: path))
        do {
          let file = try TraceFile(path: path, header: Self.header)
          let complete = max(1, bytes[..<count].count { $0 == UInt8(ascii: "\n") }) - 1
          #expect(file.records.all == Array(records[..<complete]))
          guard isCompleted else { continue }
          for record in records[complete...] { try file.append(record) }
        }
        #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == bytes)
      }
    }
  }

  @Test func otherSettingsAreRefusedWithTheDifferences() throws {
    try Self.withPath { path in
      do { _ = try TraceFile(path: path, header: Self.header) }
      let other = TraceHeader(
        modelFingerprint: String(repeating: "ef", count: 32), dataSHA256: Self.header.dataSHA256,
        settings: ["estimator": "margin", "seed": "4", "maximum-tokens": "64"])
      let error = #expect(throws: CalibrationError.self) { try TraceFile(path: path, header: other) }
      #expect(error?.code == .settingsMismatch)
      #expect(
        error?.what
          == "the trace file was begun with other settings (model: abababababab..., now efefefefefef...; "
          + "estimator: entropy, now margin; seed: unset, now 4)")
      // The refusal changed nothing.
      #expect(throws: Never.self) { try TraceFile(path: path, header: Self.header) }
    }
  }

  @Test func aSecondWriterIsRefused() throws {
    try Self.withPath { path in
      let first = try TraceFile(path: path, header: Self.header)
      let error = #expect(throws: CalibrationError.self) { try TraceFile(path: path, header: Self.header) }
      #expect(error?.code == .busy)
      try first.append(try Self.records()[0])
    }
  }

  @Test(arguments: ["hello", "hello\n", "{}\n", "\n", "[1]\nx", "{\"trace\": 1}\n"])
  func aFileThatIsNoTraceIsRefusedUntouched(text: String) throws {
    try Self.withPath { path in
      try Data(text.utf8).write(to: URL(filePath: path))
      let error = #expect(throws: CalibrationError.self) { try TraceFile(path: path, header: Self.header) }
      #expect(error?.code == .malformedTrace)
      #expect(error?.location == "\(path):1")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
  }

  @Test func aBrokenLineInTheMiddleIsNamed() throws {
    let lines = try Self.bytes().split(separator: UInt8(ascii: "\n"))
    for bad in [
      "{\"pilot\":{}}", "nonsense", "", "{}", "{\"prompt\":{\"prompt\":0,\"run\":\"half\"}}",
      #"{"prompt":{"depths":[9],"losses":{},"prompt":1,"run":"probe 0","seconds":1,"tokens":[1,2]}}"#,
      #"{"prompt":{"depths":[9],"losses":{"x":2},"prompt":1,"run":"probe 0","seconds":1,"tokens":[1]}}"#,
      #"{"prompt":{"depths":[9],"losses":{},"prompt":1,"run":"probe -1","seconds":1,"tokens":[1]}}"#,
      #"{"prompt":{"depths":[9],"losses":{},"prompt":1,"run":"guess 1","seconds":1,"tokens":[1]}}"#,
      #"{"pilot":{"choices":[1,2],"exits":[9],"full":[1],"prompt":1,"scores":{}}}"#,
      #"{"pilot":{"choices":[1],"exits":[9],"full":[1],"prompt":1,"scores":{"entropy":[1.5]}}}"#,
      #"{"pilot":{"choices":[],"exits":[],"full":[],"prompt":1,"scores":{}}}"#,
      #"{"estimator":{"kind":"probe","networks":[],"scores":{},"units":0,"width":1}}"#,
    ] {
      try Self.withPath { path in
        let text = [lines[0], ArraySlice(bad.utf8), lines[1]].joined(separator: "\n".utf8)
        try Data(Array(text) + [UInt8(ascii: "\n")]).write(to: URL(filePath: path))
        let error = #expect(throws: CalibrationError.self) { try TraceFile(path: path, header: Self.header) }
        #expect(error?.code == .malformedTrace, "\(bad)")
        #expect(error?.location == "\(path):2", "\(bad)")
      }
    }
  }

  @Test func unusablePlacesAreRefused() throws {
    try Self.withPath { path in
      for place in [
        path + "/missing/trace", "/dev/null", URL(filePath: path).deletingLastPathComponent().path,
      ] {
        let error = #expect(throws: CalibrationError.self) { try TraceFile(path: place, header: Self.header) }
        #expect(error?.code == .unusableFile)
        #expect(error?.location == place)
      }
    }
  }

  @Test func tracesHoldNoText() throws {
    let text = String(decoding: try Self.bytes(), as: UTF8.self)
    #expect(!text.contains("\"text\""))
    #expect(text.contains("\"tokens\":[1,3]"))
    #expect(text.contains("\"choices\":[5,6,8,8]"))
  }
}
