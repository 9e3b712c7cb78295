import RouterCalibration
import RouterDecoding
import RouterExit

/// Who answers freely: a sub-model, or all of the model under a policy.
package enum AnswerSubject: Sendable {
  /// The sub-model of a depth.
  case exit(Int)
  /// Early exits as a policy decides.
  case plan(ExitPlan)

  /// Such as `exit 24` or `policy entropy`.
  package var name: String {
    switch self {
    case .exit(let depth): "exit \(depth)"
    case .plan(let plan): "policy \(plan.policy.name)"
    }
  }
}
