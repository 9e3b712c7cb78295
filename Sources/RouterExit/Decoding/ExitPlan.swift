/// A policy joined to the model that it is to decide for: the only way to decode with exits.
///
/// A calibrated policy's thresholds, guarantee, weights, and keys and values hold together or not at all. A plan is made
/// from all of them at once and refuses what does not fit, so none can be changed by leaving a field out.
public struct ExitPlan: Sendable {
  /// Decides the exits.
  public let policy: any ExitPolicy

  /// What tokens leave in the layers that they skip; ``KeyValueMode/exact`` where no token skips any.
  public let keyValues: KeyValueMode

  /// What calibration proved for this policy on this model with these keys and values; `nil` if nothing, or if a
  /// mismatch was accepted.
  public let guarantee: PolicyGuarantee?

  /// What the policy's numbers were measured on that is different here, accepted by ``Mismatch/accepted``; empty if
  /// they hold.
  public let mismatches: [PolicyError]

  /// The model that the plan is for; an engine refuses it for any other.
  public let model: ModelIdentity

  /// Mean layers per token that calibration measured; `nil` if it is not known.
  public let meanDepth: Double?

  /// 1-based number of the point of the policy's path; `nil` for the policy itself.
  public let point: Int?

  /// Whether tokens are drafted ahead where ``keyValues`` are exact and the policy decides about tokens apart: the same
  /// tokens at the same depths, sooner.
  public var draftsAhead = true

  private let file: PolicyFile?
  private let mismatch: Mismatch

  /// What becomes of a policy whose numbers were measured on something else.
  public enum Mismatch: Sendable {
    /// It is refused.
    case refused
    /// It is used without its guarantee.
    case accepted
  }

  /// A plan from a calibrated policy.
  ///
  /// - Parameters:
  ///   - keyValues: `nil` for those that the policy was calibrated with.
  ///   - mismatch: what becomes of a policy that was calibrated for other weights, depth, or keys and values, other in
  ///     what skipped layers get or in how they are held.
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch`` if the model lacks an exit of the policy, which
  ///   nothing overrides, or ``PolicyError/Code/modelMismatch`` if the policy was calibrated for something else.
  public init(
    _ file: PolicyFile, for model: ModelIdentity, keyValues: KeyValueMode? = nil,
    mismatch: Mismatch = .refused
  ) throws(PolicyError) {
    let mismatches = try file.mismatches(with: model, keyValues: keyValues)
    if mismatch == .refused, let first = mismatches.first { throw first }
    policy = file.makePolicy()
    self.keyValues = policy.leavesLayersOut(of: model) ? keyValues ?? file.decoder.keyValues : .exact
    guarantee = mismatches.isEmpty ? file.guarantee : nil
    self.mismatches = mismatches
    meanDepth = file.measured?.meanDepth
    point = nil
    self.model = model
    self.file = file
    self.mismatch = mismatch
  }

  /// The plan at a point of its policy's path.
  private init(_ plan: ExitPlan, at number: Int, _ point: CertifiedPoint, of rule: ThresholdPolicy)
    throws(PolicyError)
  {
    policy = try rule.at(point)
    keyValues =
      policy.leavesLayersOut(of: plan.model) ? plan.file?.decoder.keyValues ?? plan.keyValues : .exact
    guarantee = try plan.guarantee?.at(point)
    mismatches = plan.mismatches
    meanDepth = point.meanDepth
    self.point = number
    model = plan.model
    draftsAhead = plan.draftsAhead
    file = plan.file
    mismatch = plan.mismatch
  }

  /// Plans for all points of the policy's path that the guarantee holds for, from cautious to bold; empty without a
  /// guarantee.
  public var certifiedPath: [ExitPlan] {
    guard guarantee != nil else { return [] }
    guard let file, case .threshold(let rule) = file.rule, !file.path.isEmpty else { return [self] }
    // A file is valid, and its points with it.
    return file.path.enumerated().compactMap { try? ExitPlan(self, at: $0 + 1, $1, of: rule) }
  }

  /// A plan from a policy in code, of which nothing has been proved.
  ///
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch`` if the model lacks an exit of the policy.
  public init(
    _ policy: any ExitPolicy, for model: ModelIdentity, keyValues: KeyValueMode = .exact
  ) throws(PolicyError) {
    try self.init(policy, for: model, keyValues: keyValues, guarantee: nil)
  }

  /// A plan from a policy in code, with what calibration proved on the model with these keys and values.
  ///
  /// - Throws: as ``init(_:for:keyValues:)``.
  package init(
    _ policy: any ExitPolicy, for model: ModelIdentity, keyValues: KeyValueMode, guarantee: PolicyGuarantee?
  ) throws(PolicyError) {
    try model.requireExits(of: policy)
    self.policy = policy
    self.keyValues = keyValues
    self.guarantee = guarantee
    mismatches = []
    meanDepth = nil
    point = nil
    self.model = model
    file = nil
    mismatch = .refused
  }

  /// The same policy on the same model with other keys and values.
  ///
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/modelMismatch`` if there is a guarantee, which holds for
  ///   ``keyValues`` only, unless the plan was made with ``Mismatch/accepted``.
  public func with(keyValues: KeyValueMode) throws(PolicyError) -> ExitPlan {
    guard keyValues != self.keyValues else { return self }
    guard file != nil || guarantee == nil else {
      throw PolicyError(
        code: .modelMismatch,
        what: "policy `\(policy.name)` was calibrated with keys and values \(self.keyValues.rawValue), not "
          + "\(keyValues.rawValue), so its guarantee does not hold there",
        remedy: "Calibrate it with \(keyValues.rawValue), or make a plan without a guarantee.")
    }
    var plan =
      if let file {
        try ExitPlan(file, for: model, keyValues: keyValues, mismatch: mismatch)
      } else {
        try ExitPlan(policy, for: model, keyValues: keyValues)
      }
    plan.draftsAhead = draftsAhead
    return plan
  }
}

extension ExitPolicy {
  /// Whether tokens may leave before full depth, of which exits in width alone are none.
  func leavesLayersOut(of model: ModelIdentity) -> Bool {
    guard let rule = self as? ThresholdPolicy else { return true }
    return zip(rule.exits, rule.thresholds).contains { $0 < model.layerCount && $1 != nil }
  }
}
