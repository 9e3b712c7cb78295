import ArgumentParser
import RouterCalibration

/// Candidates, separated by commas.
struct CandidateList: ExpressibleByArgument {
  let values: [Candidate]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Candidate(rawValue: String($0)) }
    guard !values.isEmpty, values.count == parts.count, Set(values).count == values.count else { return nil }
    self.values = values
  }

  /// As it is spelled.
  var name: String { values.map(\.rawValue).joined(separator: ",") }
}
