/// How the next token is chosen from the logits.
///
/// Applied in this order: repetition penalty, temperature, top-k, top-p, min-p, then one draw.
public struct SamplingOptions: Sendable, Equatable {
  /// Divides the logits; 0 is greedy: the largest logit, the lowest id among equals.
  public let temperature: Float
  /// Keep the `topK` most probable tokens; nil keeps all.
  public let topK: Int?
  /// Keep the fewest most probable tokens whose probabilities sum to `topP`; nil keeps all.
  public let topP: Float?
  /// Keep tokens at least `minP` times as probable as the most probable one; nil keeps all.
  public let minP: Float?
  /// Divides positive, multiplies negative logits of tokens already in the sequence (arXiv 1909.05858); 1 is none.
  public let repetitionPenalty: Float
  /// Seed of the random numbers; nil takes one from the system and reports it in the summary.
  public let seed: UInt64?

  /// The most probable token, always.
  public static let greedy = SamplingOptions()

  private init() {
    (temperature, topK, topP, minP, repetitionPenalty, seed) = (0, nil, nil, nil, 1, nil)
  }

  /// Checks and keeps sampling options.
  ///
  /// - Throws: ``GenerationError`` `invalidRequest` naming the parameter that is out of range.
  public init(
    temperature: Float, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil,
    repetitionPenalty: Float = 1, seed: UInt64? = nil
  ) throws(GenerationError) {
    try Self.check(temperature, in: 0...100, "temperature")
    if let topK, topK < 1 {
      throw GenerationError(
        .invalidRequest, "top_k is \(topK)", parameter: "top_k", remedy: "Use a whole number of at least 1.")
    }
    if let topP { try Self.check(topP, in: 0...1, "top_p") }
    if let minP { try Self.check(minP, in: 0...1, "min_p") }
    try Self.check(repetitionPenalty, in: 0.01...100, "repetition_penalty")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
  }

  private static func check(
    _ value: Float, in range: ClosedRange<Float>, _ name: String
  ) throws(GenerationError) {
    // A NaN is in no range.
    guard range.contains(value) else {
      throw GenerationError(
        .invalidRequest, "\(name) is \(value)", parameter: name,
        remedy: "Use a number from \(range.lowerBound) to \(range.upperBound).")
    }
  }
}
