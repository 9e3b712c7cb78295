import RouterDecoding
import RouterExit

/// A policy as the server offers it: with what calibration said about it.
package struct ServedPolicy: Sendable {
  /// Decides the exits.
  package let policy: any ExitPolicy
  /// What calibration promised; `nil` if nothing.
  package let guarantee: PolicyGuarantee?
  /// What tokens leave in skipped layers, as calibrated: requests that don't say get this.
  package let keyValues: KeyValueMode
  /// Whether requests may ask for other keys and values than calibrated, which voids the promise.
  package let allowsMismatch: Bool

  /// Describes a policy.
  package init(
    _ policy: any ExitPolicy, guarantee: PolicyGuarantee? = nil, keyValues: KeyValueMode = .propagate,
    allowsMismatch: Bool = false
  ) {
    self.policy = policy
    self.guarantee = guarantee
    self.keyValues = keyValues
    self.allowsMismatch = allowsMismatch
  }
}
