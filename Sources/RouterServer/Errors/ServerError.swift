/// Why the server cannot start or go on: for the person at the terminal, not for clients (see ``APIError``).
package struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The class of the problem.
  package enum Code: String, Sendable {
    /// Another process listens there.
    case addressInUse
    /// The address does not exist here, or this user may not listen there.
    case addressUnavailable
    /// The model could not be loaded.
    case loadFailed
    /// The policy to serve does not exist.
    case unknownPolicy
  }

  /// The class of the problem.
  package let code: Code
  /// What happened, without a final stop.
  package let what: String
  /// What to do about it, with its stop; empty when `what` says it all.
  package let remedy: String

  /// Makes an error.
  package init(code: Code, what: String, remedy: String) {
    self.code = code
    self.what = what
    self.remedy = remedy
  }

  package var description: String {
    remedy.isEmpty ? what : "\(what). \(remedy)"
  }
}
