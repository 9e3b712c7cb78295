/// What every exit would have said along one full-depth answer: numbers only, never text.
///
/// It is teacher-forced: each token is judged after the tokens that full depth chose. Calibration uses it to
/// choose a path, never to certify.
package struct PilotTrace: Sendable, Equatable {
  /// 0-based row of the prompt in the data.
  package let prompt: Int

  /// E depths, ascending; full depth is one of them where a narrow head may choose there.
  package let exits: [Int]

  /// f32 `[T, E]`, row-major: the estimator's confidence at each exit of each token, in 0...1.
  package let confidences: [Float]

  /// `[T, E]`, row-major: whether the exit's most likely token is full depth's.
  package let agreements: [Bool]

  /// f32 `[T, E]`, row-major: what a gate says before an exit's question, in 0...1; empty without one.
  package let gates: [Float]

  /// T, the number of tokens.
  package var tokenCount: Int { confidences.count / exits.count }

  /// Checks and keeps a trace.
  ///
  /// - Throws: ``CalibrationError`` if the exits are empty or not ascending, the shapes differ, or a
  ///   confidence is outside 0...1.
  package init(
    prompt: Int, exits: [Int], confidences: [Float], agreements: [Bool], gates: [Float] = []
  ) throws(CalibrationError) {
    let isAscending = zip(exits, exits.dropFirst()).allSatisfy { $0 < $1 }
    guard prompt >= 0, let first = exits.first, first >= 1, isAscending,
      confidences.count == agreements.count, confidences.count.isMultiple(of: exits.count),
      confidences.allSatisfy({ (0...1).contains($0) }), gates.isEmpty || gates.count == confidences.count,
      gates.allSatisfy({ (0...1).contains($0) })
    else {
      throw CalibrationError(
        code: .malformedTrace, what: "a pilot trace of prompt \(prompt) has impossible numbers",
        remedy: "Delete the trace file and calibrate again.")
    }
    self.prompt = prompt
    self.exits = exits
    self.confidences = confidences
    self.agreements = agreements
    self.gates = gates
  }

  /// The confidence at the exit with this 0-based index.
  package func confidence(token: Int, exitIndex: Int) -> Float {
    confidences[token * exits.count + exitIndex]
  }

  /// Whether the exit with this 0-based index agrees with full depth.
  package func agrees(token: Int, exitIndex: Int) -> Bool { agreements[token * exits.count + exitIndex] }
}

/// In JSON the agreements are one text of `0` and `1`.
extension PilotTrace: Codable {
  private enum Key: String, CodingKey {
    case prompt, exits, confidences, agreements
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let digits = try container.decode(String.self, forKey: .agreements)
    guard digits.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .agreements, in: container, debugDescription: "agreements are digits 0 and 1")
    }
    try self.init(
      prompt: container.decode(Int.self, forKey: .prompt),
      exits: container.decode([Int].self, forKey: .exits),
      confidences: container.decode([Float].self, forKey: .confidences),
      agreements: digits.utf8.map { $0 == UInt8(ascii: "1") })
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(prompt, forKey: .prompt)
    try container.encode(exits, forKey: .exits)
    try container.encode(confidences, forKey: .confidences)
    let digits = agreements.map { $0 ? UInt8(ascii: "1") : UInt8(ascii: "0") }
    try container.encode(String(decoding: digits, as: UTF8.self), forKey: .agreements)
  }
}
