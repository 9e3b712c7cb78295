import ArgumentParser
import RouterCalibration

/// What `router calibrate --policy` asks for.
enum CalibrationChoice: Equatable, ExpressibleByArgument {
  /// One way to decide.
  case one(Candidate)
  /// The fastest of all that keeps the promise.
  case best
  /// The one that loses least within a budget.
  case budget

  init?(argument: String) {
    switch argument {
    case "best": self = .best
    case "budget": self = .budget
    default:
      guard let candidate = Candidate(rawValue: argument) else { return nil }
      self = .one(candidate)
    }
  }

  static var allValueStrings: [String] { Candidate.allCases.map(\.rawValue) + ["best", "budget"] }

  /// As it is spelled.
  var name: String {
    switch self {
    case .one(let candidate): candidate.rawValue
    case .best: "best"
    case .budget: "budget"
    }
  }

  /// What is compared.
  var candidates: [Candidate] {
    if case .one(let candidate) = self { [candidate] } else { Candidate.allCases }
  }
}
