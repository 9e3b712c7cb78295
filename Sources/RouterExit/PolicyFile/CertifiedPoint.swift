/// A point of a policy's path that calibration certified: the same rule, more cautious or bolder.
///
/// Points are tested from cautious to bold on the same prompts until one fails (fixed-sequence testing, arXiv
/// 2110.01052), so that the guarantee holds for all that passed at once.
public struct CertifiedPoint: Sendable, Equatable {
  /// Depths at which the policy is asked there, ascending.
  public let exits: [Int]

  /// One threshold in 0...1 per exit, in the order of `exits`; `nil` never exits there.
  public let thresholds: [Float?]

  /// One gate threshold in 0...1 per exit, in the order of `exits`; empty without a gate.
  public let gates: [Float?]

  /// Mean number of layers executed per generated token.
  public let meanDepth: Double

  /// Mean loss of the certifying prompts, at most `bound`.
  public let empiricalRisk: Double

  /// Upper confidence bound of the expected loss, at most the guarantee's risk.
  public let bound: Double

  /// Creates a point.
  ///
  /// - Throws: ``PolicyError`` if the exits are not ascending from 1, the counts differ, a number is out of range, or
  ///   `empiricalRisk` exceeds `bound`.
  public init(
    exits: [Int], thresholds: [Float?], gates: [Float?] = [], meanDepth: Double, empiricalRisk: Double,
    bound: Double
  ) throws(PolicyError) {
    let at = "$.path"
    try PolicyValidation.checkExits(exits)
    try PolicyValidation.checkThresholds(thresholds, exitCount: exits.count)
    if !gates.isEmpty {
      try PolicyValidation.checkThresholds(gates, exitCount: exits.count, at: "$.path.gates")
    }
    try PolicyValidation.checkPositive(
      meanDepth, "\(at).meanDepth", maximum: Double(PolicyValidation.maximumDepth))
    try PolicyValidation.checkUnit(empiricalRisk, "\(at).empiricalRisk")
    try PolicyValidation.checkUnit(bound, "\(at).bound")
    guard empiricalRisk <= bound else {
      throw PolicyError(
        code: .invalidValue, what: "empirical risk \(empiricalRisk) exceeds its bound \(bound)", location: at,
        remedy: "Recalibrate with `router calibrate`.")
    }
    self.exits = exits
    self.thresholds = thresholds
    self.gates = gates
    self.meanDepth = meanDepth
    self.empiricalRisk = empiricalRisk
    self.bound = bound
  }
}

extension CertifiedPoint: Encodable {
  init(_ object: StrictObject) throws {
    try object.allow(
      ["exits", "thresholds", "gates", "meanDepth", "empiricalRisk", "bound"], for: "a point of a path")
    try self.init(
      exits: try object.required("exits"), thresholds: try object.required("thresholds"),
      gates: try object.optional("gates") ?? [], meanDepth: try object.required("meanDepth"),
      empiricalRisk: try object.required("empiricalRisk"),
      bound: try object.required("bound"))
  }

  /// Writes every field.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: FieldKey.self)
    try object.encode(exits, forKey: "exits")
    try object.encode(thresholds, forKey: "thresholds")
    if !gates.isEmpty { try object.encode(gates, forKey: "gates") }
    try object.encode(meanDepth, forKey: "meanDepth")
    try object.encode(empiricalRisk, forKey: "empiricalRisk")
    try object.encode(bound, forKey: "bound")
  }
}

extension PolicyFile {
  /// Checks that the path's points are the file's rule at other thresholds, and within its guarantee.
  static func check(
    _ path: [CertifiedPoint], rule: Rule, guarantee: PolicyGuarantee?
  ) throws(PolicyError) {
    guard !path.isEmpty else { return }
    guard let guarantee, case .threshold(let policy) = rule else {
      throw PolicyError(
        code: .invalidValue, what: "there is a path, but no guarantee of thresholds that it belongs to",
        location: "$.path", remedy: "Leave the path out, or recalibrate with `router calibrate`.")
    }
    for (index, point) in path.enumerated() {
      guard point.bound <= guarantee.risk else {
        throw PolicyError(
          code: .invalidValue, what: "the bound \(point.bound) exceeds the promised risk \(guarantee.risk)",
          location: "$.path[\(index)].bound", remedy: "Leave the point out: it is not certified.")
      }
      _ = try policy.at(point)
    }
    guard let last = path.last, last.exits == policy.exits, last.thresholds == policy.thresholds,
      last.gates == policy.gate?.thresholds ?? []
    else {
      throw PolicyError(
        code: .invalidValue, what: "the path does not end with the policy's own thresholds",
        location: "$.path", remedy: "Recalibrate with `router calibrate`.")
    }
  }
}

extension ThresholdPolicy {
  /// The same policy at a point of its path.
  ///
  /// - Throws: ``PolicyError`` if the estimator has no network for an exit of the point.
  func at(_ point: CertifiedPoint) throws(PolicyError) -> ThresholdPolicy {
    try ThresholdPolicy(
      name: name, estimator: estimator, exits: point.exits, thresholds: point.thresholds, head: head,
      gate: gate.map {
        ExitGate(
          estimator: $0.estimator,
          thresholds: point.gates.isEmpty ? point.exits.map { _ in nil } : point.gates)
      }, decay: decay)
  }
}

extension PolicyGuarantee {
  /// The same promise, with what was found at a point of the path.
  func at(_ point: CertifiedPoint) throws(PolicyError) -> PolicyGuarantee {
    try PolicyGuarantee(
      metric: metric, risk: risk, delta: delta, prompts: prompts, method: method, bound: point.bound,
      empiricalRisk: point.empiricalRisk, maximumTokens: maximumTokens)
  }
}
