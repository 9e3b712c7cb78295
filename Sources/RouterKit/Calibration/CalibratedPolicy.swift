public import RouterExit

/// What calibration made of a path of policies.
public struct CalibratedPolicy: Sendable {
  /// One tested policy of the path.
  public struct Point: Sendable {
    /// The policy.
    public let policy: any ExitPolicy
    /// Prompts that were answered: fewer than all only if failure was certain.
    public let prompts: Int
    /// Mean loss of those prompts.
    public let empiricalRisk: Double
    /// Upper confidence bound of the expected loss.
    public let bound: Double
    /// Layers executed per token.
    public let meanDepth: Double
    /// Whether the policy passed.
    public let isCertified: Bool
  }

  /// The policies that were tested, in the order of the path; all but the last passed, and perhaps that.
  public let points: [Point]

  /// How to decode with the boldest policy that passed, guarantee included; `nil` if none did, and then only full depth
  /// keeps the risk.
  public let plan: ExitPlan?
}
