/// What may be asked of a model: positions, exits and log-probabilities. Every limit of a request is checked here.
public struct GenerationLimits: Sendable, Equatable {
  /// Positions that prompt and answer share.
  public let contextLength: Int

  /// Depths at which the model may answer, ascending.
  public let exits: [Int]

  /// Log-probabilities that may be asked for at a position besides the chosen token's.
  public static let topLogprobs = 0...20

  /// Describes a model.
  public init(contextLength: Int, exits: [Int]) {
    self.contextLength = contextLength
    self.exits = exits
  }

  /// New tokens that fit behind a prompt.
  ///
  /// - Throws: ``GenerationError`` `invalidRequest` for a prompt without a token, `contextOverflow` if nothing fits.
  public func room(behind prompt: [Int32]) throws(GenerationError) -> Int {
    guard !prompt.isEmpty else {
      throw GenerationError(
        .invalidRequest, "the prompt has no tokens", parameter: "prompt",
        remedy: "Give some text to go on from.")
    }
    guard prompt.count < contextLength else {
      throw GenerationError(
        .contextOverflow,
        "this model's maximum context length is \(contextLength) tokens, but the prompt has \(prompt.count)",
        parameter: "messages", remedy: "Shorten the prompt.")
    }
    return contextLength - prompt.count
  }

  /// New tokens at most behind a prompt.
  ///
  /// - Parameters:
  ///   - asked: what was asked for, which has to fit; `nil` if nothing was.
  ///   - usual: what is taken then, or as much of it as fits.
  /// - Throws: ``GenerationError`` as ``room(behind:)``, and if less than one token or more than fit are asked for.
  public func maximumTokens(
    behind prompt: [Int32], asked: Int?, usual: Int
  ) throws(GenerationError) -> Int {
    let room = try room(behind: prompt)
    guard let asked else { return min(usual, room) }
    guard asked >= 1 else {
      throw GenerationError(
        .invalidRequest, "\(asked) new tokens were asked for", parameter: "max_tokens",
        remedy: "Ask for at least 1.")
    }
    guard asked <= room else {
      throw GenerationError(
        .contextOverflow,
        "this model's maximum context length is \(contextLength) tokens, but the request needs "
          + "\(prompt.count) for the prompt and \(asked) for the answer",
        parameter: "messages", remedy: "Shorten the prompt or ask for at most \(room) tokens.")
    }
    return asked
  }

  /// Checks that an exit is one of the model's.
  ///
  /// - Throws: ``GenerationError`` `invalidRequest`.
  public func check(maximumExit: Int?) throws(GenerationError) {
    guard let maximumExit, !exits.contains(maximumExit) else { return }
    throw GenerationError(
      .invalidRequest, "the model has no exit after layer \(maximumExit)", parameter: "max_exit",
      remedy: "Choose one of \(exits.map(String.init).joined(separator: ", ")).")
  }

  /// Checks a number of log-probabilities.
  ///
  /// - Throws: ``GenerationError`` `invalidRequest`.
  public static func check(topLogprobs: Int?) throws(GenerationError) {
    guard let topLogprobs, !Self.topLogprobs.contains(topLogprobs) else { return }
    throw GenerationError(
      .invalidRequest, "\(topLogprobs) log-probabilities were asked for", parameter: "top_logprobs",
      remedy: "Ask for \(Self.topLogprobs.lowerBound) to \(Self.topLogprobs.upperBound).")
  }
}
