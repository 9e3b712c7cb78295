/// What a policy answers when it is asked at an exit.
///
/// `confidence` is what the policy measured, for traces and responses: higher means surer, and its scale is
/// the estimator's (see ``ExitEstimator``). It is `nil` for a policy that measures nothing, such as
/// ``FixedDepthPolicy``.
public enum ExitDecision: Sendable, Equatable {
  /// Emit the token from this exit.
  case exit(confidence: Float?)
  /// Run the layers up to the next exit.
  case proceed(confidence: Float?)

  /// Whether the token leaves here.
  public var exits: Bool {
    switch self {
    case .exit: true
    case .proceed: false
    }
  }

  /// What the policy measured, in the estimator's scale; `nil` when it measured nothing.
  public var confidence: Float? {
    switch self {
    case .exit(let confidence), .proceed(let confidence): confidence
    }
  }
}
