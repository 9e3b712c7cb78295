/// A policy as data: `policies/NAME.json`, learned by `router calibrate`, read by every engine.
///
/// A value of this type is valid: every initialiser checks all fields. The JSON is one object with sorted
/// keys:
///
/// | field | meaning |
/// |---|---|
/// | `format` | 1; 2 with a learned estimator or a measured risk; 3 with a path, or keys and values not held in f16 |
/// | `name` | 1 to 64 letters, digits, dots, dashes, underscores |
/// | `notes` | free text for people, or absent |
/// | `kind` | `threshold`, `patience` or `fixed` |
/// | `estimator` | `{"name", "reads"}`, for `threshold`: what is measured, and whether that pays a head |
/// | | and `{"width", "units", "networks"}` of a ``LearnedEstimator`` |
/// | `exits` | ascending depths, for `threshold` and `patience` |
/// | `head` | `narrow` or `full`, for `threshold`; absent for `full` |
/// | `gate` | ``ExitGate``: `estimator` and `thresholds`, for `threshold`, or absent |
/// | `thresholds` | one number in 0...1 or null per exit, for `threshold` |
/// | `decay` | `{"tau", "length"}` or null, for `threshold` |
/// | `patience` | for `patience` |
/// | `depth` | for `fixed` |
/// | `decoder` | see ``PolicyDecoder`` |
/// | `guarantee` | see ``PolicyGuarantee``, or null |
/// | `path` | ``CertifiedPoint``s from cautious to bold, the policy's own thresholds last, or absent |
/// | `measured` | see ``PolicyMeasurements``, or null |
/// | `provenance` | see ``PolicyProvenance``, or null for a policy written by hand |
///
/// Unknown fields are refused: a misspelt one would otherwise change a policy silently.
public struct PolicyFile: Sendable, Equatable {
  /// The latest version of the JSON that this program reads and writes; it reads all earlier ones.
  public static let formatVersion = 4

  /// The size of the largest file that is read: 1 MiB.
  public static let maximumByteCount = 1 << 20

  /// The decision rule, with its parameters.
  public enum Rule: Sendable, Equatable {
    /// Per-exit thresholds over one estimator.
    case threshold(ThresholdPolicy)
    /// Agreement of consecutive exits.
    case patience(PatiencePolicy)
    /// The same depth for every token.
    case fixed(FixedDepthPolicy)
  }

  /// The decision rule; the file's name is the rule's.
  public let rule: Rule

  /// Free text for people.
  public let notes: String?

  /// How the policy was calibrated to be decoded.
  public let decoder: PolicyDecoder

  /// What calibration proved; `nil` if nothing.
  public let guarantee: PolicyGuarantee?

  /// All points that the guarantee holds for, from cautious to bold, the rule's own last; empty if only that is known.
  public let path: [CertifiedPoint]

  /// What calibration measured; `nil` if nothing.
  public let measured: PolicyMeasurements?

  /// Where the policy comes from; `nil` if it was written by hand.
  public let provenance: PolicyProvenance?

  /// Short name, also the file's base name.
  public var name: String { makePolicy().name }

  /// Creates a file's contents.
  ///
  /// - Throws: ``PolicyError`` if there is a guarantee but no fingerprint of the model or of the data that it
  ///   holds for, or a path that is not certified or not the rule's.
  public init(
    rule: Rule, notes: String? = nil, decoder: PolicyDecoder = PolicyDecoder(),
    guarantee: PolicyGuarantee? = nil, path: [CertifiedPoint] = [], measured: PolicyMeasurements? = nil,
    provenance: PolicyProvenance? = nil
  ) throws(PolicyError) {
    if guarantee != nil {
      guard provenance?.modelSHA256 != nil, provenance?.dataSHA256 != nil else {
        throw PolicyError(
          code: .missingField,
          what: "there is a guarantee, but not the model and the data that it holds for",
          location: "$.provenance",
          remedy: "Give provenance.modelSHA256 and provenance.dataSHA256, or set guarantee to null.")
      }
    }
    try Self.check(path, rule: rule, guarantee: guarantee)
    self.rule = rule
    self.notes = notes
    self.decoder = decoder
    self.guarantee = guarantee
    self.path = path
    self.measured = measured
    self.provenance = provenance
  }

  /// The policy that an engine asks; outside of this package it comes with an ``ExitPlan``.
  package func makePolicy() -> any ExitPolicy {
    switch rule {
    case .threshold(let policy): policy
    case .patience(let policy): policy
    case .fixed(let policy): policy
    }
  }
}
