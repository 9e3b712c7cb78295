import RouterDecoding
import RouterExit

/// How a request's tokens choose their depth: the checked form of the `router` object.
struct ExitRoute: Sendable {
  let mode: DecodingMode
  /// The policy's name in the catalogue and the policy; `nil` in mode `full`.
  let policy: (name: String, policy: any ExitPolicy)?
  /// The deepest exit that the request may use; `nil`: all layers.
  let maximumExit: Int?

  /// Checks a `router` object against what the backend has.
  init(_ body: RouterBody?, card: ModelCard, policies: PolicyCatalog) throws(APIError) {
    let asked = try Self.mode(body?.mode)
    if asked == .full, let name = body?.policy {
      throw .invalid(
        "router.policy",
        "'router.policy' is '\(name)' but 'router.mode' is 'full', which uses none; leave one of them out.")
    }
    let name = asked == .full ? nil : body?.policy ?? policies.defaultName
    if let name {
      guard let policy = policies[name] else { throw Self.unknownPolicy(name, policies) }
      self.policy = (name, policy)
      self.mode = .exit
    } else if asked == .exit {
      throw .invalid(
        "router.policy",
        "'router.mode' is 'exit' but no policy is chosen and this server has no default one. "
          + Self.available(policies))
    } else {
      self.policy = nil
      self.mode = .full
    }

    if let maximumExit = body?.maximumExit {
      guard card.exits.contains(maximumExit) else {
        let exits = card.exits.map(String.init).joined(separator: ", ")
        throw .invalid(
          "router.max_exit", "'router.max_exit' is \(maximumExit); this model has exits at \(exits).")
      }
      self.maximumExit = maximumExit
    } else {
      self.maximumExit = nil
    }
  }

  private static func mode(_ name: String?) throws(APIError) -> DecodingMode? {
    guard let name else { return nil }
    guard let mode = DecodingMode(rawValue: name) else {
      throw .invalid("router.mode", "'router.mode' is '\(name)'; it can be 'full' or 'exit'.")
    }
    return mode
  }

  private static func unknownPolicy(_ name: String, _ policies: PolicyCatalog) -> APIError {
    .invalid(
      "router.policy", "There is no policy '\(name)' here. \(available(policies))", code: "policy_not_found")
  }

  private static func available(_ policies: PolicyCatalog) -> String {
    policies.names.isEmpty
      ? "This server has no policies." : "Available policies: \(policies.names.joined(separator: ", "))."
  }
}
