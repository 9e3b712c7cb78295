/// Why the server can't start or go on: for the person at the terminal, not for clients (see ``APIError``).
package struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The class of the problem.
  package enum Code: String, Sendable {
    /// Another process listens there.
    case addressInUse
    /// The address doesn't exist here, or this user may not listen there.
    case addressUnavailable
    /// The model couldn't be loaded.
    case loadFailed
    /// The policy to serve doesn't exist.
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
