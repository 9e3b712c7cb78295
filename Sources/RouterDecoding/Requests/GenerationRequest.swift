public import RouterExit

/// How deep each token goes.
public enum DecodingMode: String, Sendable, Codable, CaseIterable {
  /// Every token runs all layers.
  case full
  /// A policy decides at each exit; approximate, bounded by calibration.
  case exit
  /// Guesses ahead, also at a policy's exits, which all layers confirm in one pass: the same tokens as `full`.
  case verify
}

/// What a token leaves in the layers that it skipped.
public enum KeyValueMode: String, Sendable, Codable, CaseIterable {
  /// Each skipped layer's own projections of the exit's hidden state (CALM).
  case propagate
  /// Nothing at first; when a later token goes deeper, the skipped layers run for all that lack them, in one
  /// pass. The cache is then that of a full run.
  case exact
}

/// One sequence to generate.
public struct GenerationRequest: Sendable {
  /// Token ids of the prompt, at least one.
  public var prompt: [Int32]
  /// New tokens at most.
  public var maximumTokens: Int
  public var sampling: SamplingOptions
  /// Text that ends the answer and is not part of it.
  public var stopStrings: [String]
  public var mode: DecodingMode
  /// Decides the exits in mode ``DecodingMode/exit``, and those that guess in mode ``DecodingMode/verify``.
  public var policy: (any ExitPolicy)?
  /// What tokens leave in skipped layers in mode ``DecodingMode/exit``.
  public var keyValues: KeyValueMode
  /// Whether tokens are guessed ahead in mode ``DecodingMode/exit`` with exact keys and values: the same tokens, sooner.
  public var guesses: Bool
  /// The deepest layer to run, an exit of the model: the sub-model of that depth. Nil for all layers.
  public var maximumExit: Int?
  /// Log-probabilities wanted: nil for none, 0 for the chosen tokens', n for those of the n best as well.
  public var topLogprobs: Int?
  /// Go on after an end-of-text token until `maximumTokens`.
  public var ignoresEndOfText: Bool
  /// Whether the answer goes on from the prompt's text, so that a leading space belongs to it; false for an
  /// answer in a conversation. Only SentencePiece vocabularies tell the two apart.
  public var continuesText: Bool

  /// Creates a request; the engine checks it against its model.
  public init(
    prompt: [Int32], maximumTokens: Int, sampling: SamplingOptions = .greedy, stopStrings: [String] = [],
    mode: DecodingMode = .full, policy: (any ExitPolicy)? = nil, keyValues: KeyValueMode = .propagate,
    guesses: Bool = true, maximumExit: Int? = nil, topLogprobs: Int? = nil, ignoresEndOfText: Bool = false,
    continuesText: Bool = true
  ) {
    self.prompt = prompt
    self.maximumTokens = maximumTokens
    self.sampling = sampling
    self.stopStrings = stopStrings
    self.mode = mode
    self.policy = policy
    self.keyValues = keyValues
    self.guesses = guesses
    self.maximumExit = maximumExit
    self.topLogprobs = topLogprobs
    self.ignoresEndOfText = ignoresEndOfText
    self.continuesText = continuesText
  }
}
