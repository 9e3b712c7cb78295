public import RouterExit

/// One sequence to generate.
public struct GenerationRequest: Sendable {
  /// Token ids of the prompt, at least one.
  public var prompt: [Int32]
  /// New tokens at most.
  public var maximumTokens: Int
  public var sampling: SamplingOptions
  /// Text that ends the answer and is not part of it.
  public var stopStrings: [String]
  /// How deep tokens go, and who decides it.
  public var decoding: Decoding
  /// The deepest layer to run, an exit of the model: the sub-model of that depth. Nil for all layers.
  public var maximumExit: Int?
  /// Log-probabilities wanted: nil for none, 0 for the chosen tokens', n for those of the n best as well.
  public var topLogprobs: Int?
  /// Go on after an end-of-text token until `maximumTokens`.
  public var ignoresEndOfText: Bool
  /// Whether the answer goes on from the prompt's text, so that a leading space belongs to it; false for an
  /// answer in a conversation. Only SentencePiece vocabularies tell the two apart.
  public var continuesText: Bool
  /// Who may re-use the prompt's keys and values, and whose this request may re-use: requests of the same scope. Nil for
  /// nobody. It changes how soon the answer comes, and nothing in it.
  public var prefixScope: String?

  /// Creates a request; the engine checks it against its model.
  public init(
    prompt: [Int32], maximumTokens: Int, sampling: SamplingOptions = .greedy, stopStrings: [String] = [],
    decoding: Decoding = .full, maximumExit: Int? = nil, topLogprobs: Int? = nil,
    ignoresEndOfText: Bool = false, continuesText: Bool = true, prefixScope: String? = ""
  ) {
    self.prompt = prompt
    self.maximumTokens = maximumTokens
    self.sampling = sampling
    self.stopStrings = stopStrings
    self.decoding = decoding
    self.maximumExit = maximumExit
    self.topLogprobs = topLogprobs
    self.ignoresEndOfText = ignoresEndOfText
    self.continuesText = continuesText
    self.prefixScope = prefixScope
  }

  /// Positions that prompt and answer take at most.
  package var positions: Int { prompt.count + maximumTokens }
}
