import RouterDecoding
import RouterExit

/// A policy as the server offers it: with what calibration said about it.
package struct ServedPolicy: Sendable {
  /// How it decodes.
  package let plan: ExitPlan
  /// What audits compare with; `nil` if nothing was guaranteed. It is the policy file's also where a mismatch was
  /// accepted: audits tell then whether it holds all the same.
  package let guarantee: PolicyGuarantee?

  /// Describes a policy.
  ///
  /// - Parameter guarantee: `nil` for the plan's.
  package init(_ plan: ExitPlan, guarantee: PolicyGuarantee? = nil) {
    self.plan = plan
    self.guarantee = guarantee ?? plan.guarantee
  }
}
