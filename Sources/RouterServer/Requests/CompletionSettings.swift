import RouterDecoding

/// Everything that a completion request asks for besides its prompts, checked.
package struct CompletionSettings: Sendable {
  /// How the answer is sent.
  package enum Delivery: Sendable, Equatable {
    /// As one JSON object.
    case whole
    /// As server-sent events, with a last one for the usage if wanted.
    case stream(includesUsage: Bool)
  }

  /// Most bytes of a request's `cache_salt`.
  static let maximumSaltBytes = 256

  /// Most stop strings of one request.
  static let maximumStopStrings = 16

  /// Name of the field that gives the answer's length in tokens, and the length; `nil`: the server's default.
  let maximumTokens: (name: String, value: Int)?
  /// Choices per prompt.
  let choices: Int
  /// Sampling of each of the choices: the same, except that a seed is counted up.
  let sampling: [SamplingOptions]
  let stopStrings: [String]
  package let decoding: DecodingChoice
  /// Alternatives per token; `nil`: no log-probabilities at all.
  let topLogprobs: Int?
  /// Who may re-use the prompt's keys and values; nil for nobody.
  let prefixScope: String?
  /// How the answer is sent.
  package let delivery: Delivery

  /// Checks the shared fields.
  ///
  /// - Parameters:
  ///   - maximumTokens: name and value of the length field that counts, where the request gives one.
  ///   - topLogprobs: alternatives per token and the name of their field.
  init(
    _ body: CommonBody, maximumTokens: (name: String, value: Int)?, topLogprobs: (name: String, value: Int)?,
    backend: any CompletionBackend, configuration: ServerConfiguration
  ) throws(APIError) {
    if let refusal = body.unsupported.refusal { throw refusal }

    self.maximumTokens = maximumTokens

    let choices = body.n ?? 1
    guard (1...configuration.maximumChoices).contains(choices) else {
      throw .invalid("n", "'n' is \(choices); it must be from 1 to \(configuration.maximumChoices).")
    }
    self.choices = choices
    self.sampling = try body.sampling.options(
      seed: body.seed, choices: choices, defaultTemperature: configuration.defaultTemperature)
    self.stopStrings = try Self.stopStrings(body.stop)
    self.decoding = try DecodingChoice(
      body.router, isGreedy: sampling.allSatisfy(\.isGreedy), backend: backend)

    do {
      try GenerationLimits.check(topLogprobs: topLogprobs?.value)
    } catch {
      throw APIError(error, parameter: topLogprobs?.name)
    }
    self.topLogprobs = topLogprobs?.value

    prefixScope = body.cachePrompt == false ? nil : try Self.scope(salt: body.cacheSalt)

    if body.stream == true {
      delivery = .stream(includesUsage: body.streamOptions?.includeUsage ?? false)
    } else if body.streamOptions != nil {
      throw .invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.")
    } else {
      delivery = .whole
    }
  }

  /// Requests with the same salt share what they have in common; those without one share among themselves.
  private static func scope(salt: String?) throws(APIError) -> String {
    guard let salt else { return "" }
    guard (1...maximumSaltBytes).contains(salt.utf8.count) else {
      throw .invalid(
        "cache_salt",
        "'cache_salt' has \(salt.utf8.count) bytes; it must have from 1 to \(maximumSaltBytes).")
    }
    return salt
  }

  private static func stopStrings(_ field: StopField?) throws(APIError) -> [String] {
    let strings = field?.strings ?? []
    guard strings.count <= maximumStopStrings else {
      throw .invalid(
        "stop", "'stop' has \(strings.count) strings; at most \(maximumStopStrings) are allowed.")
    }
    guard !strings.contains("") else {
      throw .invalid("stop", "'stop' must not contain an empty string.")
    }
    return strings
  }
}
