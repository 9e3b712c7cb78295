import RouterExit
import RouterModel

extension GenerationRequest {
  /// Log-probabilities of at most this many tokens are given for a position.
  public static let maximumTopLogprobs = 20

  /// Checks the request against a model.
  ///
  /// - Throws: ``GenerationError`` naming the field that does not fit.
  package func validate(for language: LanguageModel) throws(GenerationError) {
    guard !prompt.isEmpty else {
      throw GenerationError(
        .invalidRequest, "the prompt has no tokens", parameter: "prompt",
        remedy: "Give some text to go on from.")
    }
    guard maximumTokens >= 1 else {
      throw GenerationError(
        .invalidRequest, "\(maximumTokens) new tokens were asked for", parameter: "max_tokens",
        remedy: "Ask for at least 1.")
    }
    let context = language.contextLength
    guard prompt.count < context, maximumTokens <= context - prompt.count else {
      throw GenerationError(
        .contextOverflow,
        "the prompt has \(prompt.count) tokens and \(maximumTokens) new ones were asked for; "
          + "the context of \(language.name) has \(context)",
        parameter: "messages", remedy: "Shorten the prompt or lower max_tokens.")
    }
    if let maximumExit, !language.exits.contains(maximumExit) {
      throw GenerationError(
        .invalidRequest, "the model has no exit after layer \(maximumExit)", parameter: "max_exit",
        remedy: "Choose one of \(language.exits.map(String.init).joined(separator: ", ")).")
    }
    if let topLogprobs, !(0...Self.maximumTopLogprobs).contains(topLogprobs) {
      throw GenerationError(
        .invalidRequest, "\(topLogprobs) log-probabilities were asked for", parameter: "top_logprobs",
        remedy: "Ask for 0 to \(Self.maximumTopLogprobs).")
    }
    if mode == .exit && policy == nil {
      throw GenerationError(
        .invalidRequest, "mode exit needs a policy", parameter: "policy",
        remedy: "Name a policy or use mode full.")
    }
    if mode != .full, let policy {
      let limit = maximumExit ?? language.layerCount
      if let unknown = policy.exits.first(where: { $0 < limit && !language.exits.contains($0) }) {
        throw GenerationError(
          .policyMismatch,
          "the policy \(policy.name) exits after layer \(unknown), which is no exit of the model",
          parameter: "policy", remedy: "Calibrate a policy for this model with `router calibrate`.")
      }
    }
  }
}

extension GenerationError {
  /// The same problem, in terms of a request.
  init(_ error: ModelError) {
    switch error.code {
    case .contextOverflow:
      self.init(.contextOverflow, error.what, parameter: "max_tokens", remedy: error.remedy)
    case .unknownExit: self.init(.invalidRequest, error.what, parameter: "max_exit", remedy: error.remedy)
    case .unknownToken: self.init(.invalidRequest, error.what, parameter: "prompt", remedy: error.remedy)
    case .unsupportedWeights: self.init(.internalFailure, error.what, remedy: error.remedy)
    }
  }
}
