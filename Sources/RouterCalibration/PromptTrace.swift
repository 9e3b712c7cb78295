/// What one free-running answer of one prompt showed: token ids and numbers, never text.
package struct PromptTrace: Sendable, Equatable {
  /// 0-based row of the prompt in the data.
  package let prompt: Int

  /// Under which policy the answer was generated.
  package let decoding: TracedDecoding

  /// Generated token ids `[T]`, without the prompt.
  package let tokens: [Int32]

  /// Layers executed for each token `[T]`.
  package let depths: [Int]

  /// Loss against full depth in 0...1, by `LossMetric` name; empty for full depth.
  package let losses: [String: Double]

  /// Time to generate all tokens after the prompt had been read, in seconds.
  package let seconds: Double

  /// Checks and keeps a trace.
  ///
  /// - Throws: ``CalibrationError`` if there is not one depth of at least 1 per token, or a number is negative,
  ///   not finite, or a loss outside 0...1.
  package init(
    prompt: Int, decoding: TracedDecoding, tokens: [Int32], depths: [Int], losses: [String: Double],
    seconds: Double
  ) throws(CalibrationError) {
    let isPointValid = if case .point(_, let point) = decoding { point >= 0 } else { true }
    guard prompt >= 0, isPointValid, tokens.count == depths.count, depths.allSatisfy({ $0 >= 1 }),
      losses.values.allSatisfy({ (0...1).contains($0) }), seconds.isFinite, seconds >= 0
    else {
      throw CalibrationError(
        code: .malformedTrace, what: "a trace of prompt \(prompt) has impossible numbers",
        remedy: "Delete the trace file and calibrate again.")
    }
    self.prompt = prompt
    self.decoding = decoding
    self.tokens = tokens
    self.depths = depths
    self.losses = losses
    self.seconds = seconds
  }

  /// The sum of the depths, in layers.
  package var layerTotal: Int { depths.reduce(0, +) }
}

extension PromptTrace: Codable {
  private enum Key: String, CodingKey {
    case prompt, tokens, depths, losses, seconds
    case decoding = "run"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      prompt: container.decode(Int.self, forKey: .prompt),
      decoding: container.decode(TracedDecoding.self, forKey: .decoding),
      tokens: container.decode([Int32].self, forKey: .tokens),
      depths: container.decode([Int].self, forKey: .depths),
      losses: container.decode([String: Double].self, forKey: .losses),
      seconds: container.decode(Double.self, forKey: .seconds))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(prompt, forKey: .prompt)
    try container.encode(decoding, forKey: .decoding)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(depths, forKey: .depths)
    try container.encode(losses, forKey: .losses)
    try container.encode(seconds, forKey: .seconds)
  }
}
