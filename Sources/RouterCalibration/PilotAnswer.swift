import RouterExit

/// What every exit would have said along one full-depth answer: numbers only, never text.
///
/// It is teacher-forced: each token is judged after the tokens that full depth chose. Calibration learns from
/// it, and never certifies with it.
package struct PilotAnswer: Sendable, Equatable {
  /// 0-based row of the prompt in the data.
  package let prompt: Int

  /// E depths, ascending, all below full depth.
  package let exits: [Int]

  /// f32 `[T, E]`, row-major, by estimator: the confidence at each exit of each token, in 0...1.
  package let scores: [String: [Float]]

  /// `[T, E]`, row-major: each exit's most likely token.
  package let choices: [Int32]

  /// `[T]`: full depth's most likely token.
  package let full: [Int32]

  /// What the narrow head says at the exits and at full depth; nil for a model without one.
  package let narrow: NarrowPilot?

  /// T, the number of tokens.
  package var tokenCount: Int { full.count }

  /// Checks and keeps an answer.
  ///
  /// - Throws: ``CalibrationError`` if the exits are empty or not ascending, the shapes differ, or a
  ///   confidence is outside 0...1.
  package init(
    prompt: Int, exits: [Int], scores: [String: [Float]], choices: [Int32], full: [Int32],
    narrow: NarrowPilot? = nil
  ) throws(CalibrationError) {
    let isAscending = zip(exits, exits.dropFirst()).allSatisfy { $0 < $1 }
    let count = full.count * exits.count
    guard prompt >= 0, let first = exits.first, first >= 1, isAscending, choices.count == count,
      scores.values.allSatisfy({ $0.count == count && $0.allSatisfy { (0...1).contains($0) } }),
      narrow?.fits(tokens: full.count, exits: exits) ?? true
    else {
      throw CalibrationError(
        code: .malformedTrace, what: "a pilot answer of prompt \(prompt) has impossible numbers",
        remedy: "Delete the trace file and calibrate again.")
    }
    self.prompt = prompt
    self.exits = exits
    self.scores = scores
    self.choices = choices
    self.full = full
    self.narrow = narrow
  }

  /// Whether the exit with this 0-based index says what full depth says.
  package func agrees(token: Int, exitIndex: Int) -> Bool {
    choices[token * exits.count + exitIndex] == full[token]
  }

  /// `[T, E]`, row-major: ``agrees(token:exitIndex:)``.
  package var agreements: [Bool] {
    choices.indices.map { choices[$0] == full[$0 / exits.count] }
  }

  /// The trace of one estimator, whose confidences are among the scores or given.
  ///
  /// - Throws: ``CalibrationError`` if there are none, or they do not fit.
  package func trace(of name: String, confidences: [Float]? = nil) throws(CalibrationError) -> PilotTrace {
    guard let confidences = confidences ?? scores[name] else {
      throw CalibrationError(
        code: .malformedTrace, what: "the pilot answer of prompt \(prompt) lacks the scores of `\(name)`",
        remedy: "Delete the trace file and calibrate again.")
    }
    return try PilotTrace(prompt: prompt, exits: exits, confidences: confidences, agreements: agreements)
  }
}

extension PilotAnswer {
  /// The trace of an estimator on the narrow head: its exits, then full depth.
  ///
  /// - Parameter gates: f32 `[T, E]`, what a gate says at each exit; at full depth every question passes. Nil for none.
  /// - Throws: ``CalibrationError`` if the narrow head was not asked.
  package func narrowTrace(of name: String, gates: [Float]?) throws(CalibrationError) -> PilotTrace {
    guard let narrow, let confidences = narrow.scores[name] else {
      throw CalibrationError(
        code: .malformedTrace,
        what: "the pilot answer of prompt \(prompt) lacks what the narrow head says by `\(name)`",
        remedy: "Delete the trace file and calibrate again.")
    }
    let width = exits.count
    let all = gates.map { gates in
      full.indices.flatMap { gates[$0 * width..<($0 + 1) * width] + [1] }
    }
    return try PilotTrace(
      prompt: prompt, exits: narrow.exits, confidences: confidences,
      agreements: narrow.choices.indices.map { narrow.choices[$0] == full[$0 / narrow.exits.count] },
      gates: all ?? [])
  }
}

extension PilotAnswer: Codable {
  private enum Key: String, CodingKey {
    case prompt, exits, scores, choices, full, narrow
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      prompt: container.decode(Int.self, forKey: .prompt),
      exits: container.decode([Int].self, forKey: .exits),
      scores: container.decode([String: [Float]].self, forKey: .scores),
      choices: container.decode([Int32].self, forKey: .choices),
      full: container.decode([Int32].self, forKey: .full),
      narrow: container.decodeIfPresent(NarrowPilot.self, forKey: .narrow))
  }
}
