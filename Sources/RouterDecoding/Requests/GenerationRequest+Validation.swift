import RouterExit
import RouterModel

extension GenerationRequest {
  /// Checks the request against a model.
  ///
  /// - Throws: ``GenerationError`` naming the field that does not fit.
  package func validate(for language: LanguageModel) throws(GenerationError) {
    let limits = language.limits
    _ = try limits.maximumTokens(behind: prompt, asked: maximumTokens, usual: maximumTokens)
    try limits.check(maximumExit: maximumExit)
    try GenerationLimits.check(topLogprobs: topLogprobs)
    switch decoding {
    case .full: break
    case .exit(let plan):
      guard plan.model == language.identity else {
        throw GenerationError(
          .policyMismatch,
          "the plan of policy \(plan.policy.name) was made for another model (\(plan.model.name), "
            + "\(plan.model.fingerprint.prefix(12))..., \(plan.model.loadedLayerCount) layers, keys and values in "
            + "\(plan.model.keyValueType.rawValue)) than this one (\(language.name), "
            + "\(language.fingerprint.prefix(12))..., \(language.layerCount) layers, "
            + "\(language.keyValueType.rawValue))",
          parameter: "policy", remedy: "Make the plan from the policy and this model.")
      }
    case .verify(let drafts):
      guard let drafts else { return }
      do {
        try language.identity.requireExits(of: drafts)
      } catch {
        throw GenerationError(
          .policyMismatch, error.what, parameter: "policy",
          remedy: "Calibrate a policy for this model with `router calibrate`.")
      }
    }
  }
}

extension GenerationError {
  /// The same problem, in terms of a request.
  package init(_ error: ModelError) {
    switch error.code {
    case .contextOverflow:
      self.init(.contextOverflow, error.what, parameter: "max_tokens", remedy: error.remedy)
    case .unknownExit: self.init(.invalidRequest, error.what, parameter: "max_exit", remedy: error.remedy)
    case .unknownToken: self.init(.invalidRequest, error.what, parameter: "prompt", remedy: error.remedy)
    case .outOfPages: self.init(.overloaded, error.what, remedy: error.remedy)
    case .unsupportedWeights: self.init(.internalFailure, error.what, remedy: error.remedy)
    }
  }
}
