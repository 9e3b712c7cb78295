import RouterDecoding
import RouterExit

/// How a request's tokens choose their depth: the checked form of the `router` object.
struct DecodingChoice: Sendable {
  let mode: DecodingMode
  /// The policy's name in the catalogue and the policy; `nil` in mode `full`.
  let policy: (name: String, served: ServedPolicy)?
  /// What tokens leave in the layers that they skip.
  let keyValues: KeyValueMode
  /// The policy that would decide if audits had not shown that it breaks its promise.
  let suspended: String?
  /// The deepest exit that the request may use; `nil`: all layers.
  let maximumExit: Int?

  /// Checks a `router` object against what the backend has.
  init(_ body: RouterBody?, card: ModelCard, policies: PolicyCatalog) throws(APIError) {
    let asked: DecodingMode? = try Self.value(body?.mode, of: "router.mode")
    let keyValues: KeyValueMode? = try Self.value(body?.kv, of: "router.kv")
    if asked == .full, let name = body?.policy {
      throw .invalid(
        "router.policy",
        "'router.policy' is '\(name)' but 'router.mode' is 'full', which uses none; leave one of them out.")
    }
    let policy = try Self.policy(asked == .full ? nil : body?.policy ?? policies.defaultName, policies)
    // A policy that a request names is to be used, unless it says how otherwise.
    let usual = body?.policy == nil ? policies.defaultMode : nil
    let wanted = asked ?? usual ?? (policy == nil ? .full : .exit)
    if wanted == .exit && policy == nil {
      throw .invalid(
        "router.policy",
        "'router.mode' is 'exit' but no policy is chosen and this server has no default one. "
          + Self.available(policies))
    }
    let fallback = wanted == .exit ? policy.flatMap { policies.fallback(of: $0.name) } : nil
    mode = fallback ?? wanted
    suspended = fallback == nil ? nil : policy?.name
    self.policy = mode == .full ? nil : policy
    self.keyValues = try Self.checked(keyValues, wanted: wanted, policy: policy)
    maximumExit = try body?.maximumExit.map { exit throws(APIError) in try Self.checked(exit, card) }
  }

  private static func policy(
    _ name: String?, _ policies: PolicyCatalog
  ) throws(APIError) -> (name: String, served: ServedPolicy)? {
    guard let name else { return nil }
    guard let served = policies[name] else {
      throw .invalid(
        "router.policy", "There is no policy '\(name)' here. \(available(policies))",
        code: "policy_not_found")
    }
    return (name, served)
  }

  /// What the request asks for if that makes sense, else what the policy was calibrated with.
  private static func checked(
    _ asked: KeyValueMode?, wanted: DecodingMode, policy: (name: String, served: ServedPolicy)?
  ) throws(APIError) -> KeyValueMode {
    let calibrated = policy?.served.keyValues ?? .propagate
    guard let asked else { return calibrated }
    guard wanted == .exit, let policy else {
      throw .invalid(
        "router.kv",
        "'router.kv' is '\(asked.rawValue)' but 'router.mode' is '\(wanted.rawValue)', in which no token leaves "
          + "layers out; leave it out as well.")
    }
    guard asked == calibrated || policy.served.allowsMismatch || policy.served.guarantee == nil else {
      throw .invalid(
        "router.kv",
        "'router.kv' is '\(asked.rawValue)' but the policy '\(policy.name)' was calibrated with "
          + "'\(calibrated.rawValue)', and its promise holds for that only; leave 'router.kv' out.",
        code: "policy_mismatch")
    }
    return asked
  }

  private static func checked(_ exit: Int, _ card: ModelCard) throws(APIError) -> Int {
    guard card.exits.contains(exit) else {
      let exits = card.exits.map(String.init).joined(separator: ", ")
      throw .invalid("router.max_exit", "'router.max_exit' is \(exit); this model has exits at \(exits).")
    }
    return exit
  }

  private static func value<Value: RawRepresentable<String> & CaseIterable>(
    _ name: String?, of field: String
  ) throws(APIError) -> Value? {
    guard let name else { return nil }
    guard let value = Value(rawValue: name) else {
      let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw .invalid(field, "'\(field)' is '\(name)'; it can be \(known).")
    }
    return value
  }

  private static func available(_ policies: PolicyCatalog) -> String {
    policies.names.isEmpty
      ? "This server has no policies." : "Available policies: \(policies.names.joined(separator: ", "))."
  }
}
