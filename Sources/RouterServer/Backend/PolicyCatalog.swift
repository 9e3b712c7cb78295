import RouterDecoding
import RouterExit

/// The exit policies that requests may choose by name.
package struct PolicyCatalog: Sendable {
  private let policies: [String: ServedPolicy]
  private var fallbacks: [String: DecodingMode] = [:]
  /// The policy of requests that name none; `nil`: they use none.
  package let defaultName: String?
  /// The mode of requests that name none; `nil`: `exit` with a policy, else `full`.
  package let defaultMode: ServedMode?

  /// Makes a catalogue.
  ///
  /// - Throws: ``ServerError/Code/unknownPolicy`` if the default is not among the policies, or if there is none and
  ///   the mode needs one.
  package init(
    _ policies: [String: ServedPolicy] = [:], default defaultName: String? = nil,
    mode defaultMode: ServedMode? = nil
  ) throws(ServerError) {
    let known = policies.keys.sorted().joined(separator: ", ")
    let remedy = known.isEmpty ? "Calibrate one with 'router calibrate'." : "Choose one of: \(known)."
    if let defaultName, policies[defaultName] == nil {
      throw ServerError(
        code: .unknownPolicy, what: "There is no policy named '\(defaultName)' to serve", remedy: remedy)
    }
    if defaultMode == .exit && defaultName == nil {
      throw ServerError(
        code: .unknownPolicy, what: "The mode 'exit' needs a policy that decides the exits", remedy: remedy)
    }
    self.policies = policies
    self.defaultName = defaultName
    self.defaultMode = defaultMode
  }

  /// The names, sorted.
  package var names: [String] { policies.keys.sorted() }

  /// The policy of that name.
  package subscript(name: String) -> ServedPolicy? { policies[name] }

  /// The mode in which a policy's requests run instead of `exit`; `nil` while the policy decides.
  package func fallback(of name: String) -> DecodingMode? { fallbacks[name] }

  /// The same catalogue, in which requests of some policies run in another mode.
  package func fallingBack(_ modes: [String: DecodingMode]) -> PolicyCatalog {
    var catalog = self
    catalog.fallbacks = modes
    return catalog
  }
}
