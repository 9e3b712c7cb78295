import RouterExit

/// The exit policies that requests may choose by name.
package struct PolicyCatalog: Sendable {
  private let policies: [String: any ExitPolicy]
  /// The policy of requests that name none; `nil`: they run at full depth.
  package let defaultName: String?

  /// Makes a catalogue.
  ///
  /// - Throws: ``ServerError/Code/unknownPolicy`` if the default isn't among the policies.
  package init(
    _ policies: [String: any ExitPolicy] = [:], default defaultName: String? = nil
  ) throws(ServerError) {
    if let defaultName, policies[defaultName] == nil {
      let known = policies.keys.sorted().joined(separator: ", ")
      throw ServerError(
        code: .unknownPolicy, what: "There is no policy named '\(defaultName)' to serve",
        remedy: known.isEmpty ? "Calibrate one with 'router calibrate'." : "Choose one of: \(known).")
    }
    self.policies = policies
    self.defaultName = defaultName
  }

  /// The names, sorted.
  package var names: [String] { policies.keys.sorted() }

  /// The policy of that name.
  package subscript(name: String) -> (any ExitPolicy)? { policies[name] }
}
