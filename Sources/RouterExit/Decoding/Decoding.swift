/// How to decode, in one value: how deep tokens go, who decides it, and what is drafted.
public enum Decoding: Sendable {
  /// Every token runs all layers: the reference.
  case full
  /// Tokens leave where the plan's policy lets them; approximate, within what the plan's guarantee says.
  case exit(ExitPlan)
  /// Speculative decoding: drafts are verified by all layers in one pass and rolled back at the first difference.
  /// The tokens are those of ``full``, one by one, greedy or sampled (arXiv 2211.17192).
  ///
  /// Drafts come from the text so far and from the model's draft table, and where `drafts` is given also from the
  /// exits at which that policy lets a token go.
  case verify(drafts: (any ExitPolicy)? = nil)

  /// The name of this way to decode.
  public var mode: DecodingMode {
    switch self {
    case .full: .full
    case .exit: .exit
    case .verify: .verify
    }
  }

  /// The policy that is asked at exits; `nil` if none is.
  public var policy: (any ExitPolicy)? {
    switch self {
    case .full: nil
    case .exit(let plan): plan.policy
    case .verify(let drafts): drafts
    }
  }

  /// The plan of ``exit(_:)``; `nil` otherwise.
  public var plan: ExitPlan? {
    if case .exit(let plan) = self { plan } else { nil }
  }
}
