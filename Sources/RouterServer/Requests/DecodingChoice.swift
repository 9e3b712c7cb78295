import RouterDecoding
import RouterExit

/// How a request's tokens choose their depth: the checked form of the `router` object.
package struct DecodingChoice: Sendable {
  /// What decodes the answer.
  package let value: Decoding
  /// The policy's name in the catalogue and the policy; `nil` in mode `full`.
  package let policy: (name: String, served: ServedPolicy)?
  /// Whether load chose this way to decode among others.
  package let isAutomatic: Bool
  /// The policy that would decide if audits had not shown that it breaks its guarantee.
  package let suspended: String?
  /// The deepest exit that the request may use; `nil`: all layers.
  package let maximumExit: Int?

  /// Checks a `router` object against what the backend has.
  ///
  /// - Parameter isGreedy: whether tokens are the most probable ones, for which guarantees are given.
  init(_ body: RouterBody?, isGreedy: Bool, backend: any CompletionBackend) throws(APIError) {
    let policies = backend.policies
    let asked: ServedMode? = try Self.value(body?.mode, of: "router.mode")
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
    if let keyValues, wanted != .exit {
      throw .invalid(
        "router.kv",
        "'router.kv' is '\(keyValues.rawValue)' but 'router.mode' is '\(wanted.rawValue)', in which no token leaves "
          + "layers out; leave it out as well.")
    }
    let usesExits = wanted == .exit || wanted == .auto
    let fallback = usesExits ? policy.flatMap { policies.fallback(of: $0.name) } : nil
    if let mode = wanted.decoding {
      var decoding = try Self.decoding(mode, policy: policy, keyValues: keyValues, policies)
      if let fallback { decoding = try Self.decoding(fallback, policy: policy, keyValues: nil, policies) }
      value = decoding
      self.policy = decoding.mode == .full ? nil : policy
    } else {
      // Only what is guaranteed: nearness to all layers, of the most probable tokens.
      let isGuaranteed = fallback == nil && isGreedy && body?.maximumExit == nil
      let path = isGuaranteed ? policy?.served.plan.certifiedPath ?? [] : []
      let ways = [.full, .verify()] + path.map(Decoding.exit)
      value = ways[backend.choose(among: ways)]
      self.policy = value.mode == .exit ? policy : nil
    }
    isAutomatic = wanted == .auto
    suspended = fallback == nil ? nil : policy?.name
    maximumExit = body?.maximumExit
    do {
      try backend.card.limits.check(maximumExit: maximumExit)
    } catch {
      throw APIError(error, parameter: "router.max_exit")
    }
  }

  private static func decoding(
    _ mode: DecodingMode, policy: (name: String, served: ServedPolicy)?, keyValues: KeyValueMode?,
    _ policies: PolicyCatalog
  ) throws(APIError) -> Decoding {
    switch mode {
    case .full: return .full
    case .verify: return .verify(drafts: policy?.served.plan.policy)
    case .exit:
      guard let policy else {
        throw .invalid(
          "router.policy",
          "'router.mode' is 'exit' but no policy is chosen and this server has no default one. "
            + available(policies))
      }
      return .exit(try plan(policy.name, policy.served.plan, keyValues: keyValues))
    }
  }

  /// The plan with other keys and values if a request asks for them and its guarantee allows it.
  private static func plan(
    _ name: String, _ plan: ExitPlan, keyValues: KeyValueMode?
  ) throws(APIError) -> ExitPlan {
    guard let keyValues else { return plan }
    do {
      return try plan.with(keyValues: keyValues)
    } catch {
      throw .invalid(
        "router.kv",
        "'router.kv' is '\(keyValues.rawValue)' but the policy '\(name)' was calibrated with "
          + "'\(plan.keyValues.rawValue)', and its guarantee holds for that only; leave 'router.kv' out.",
        code: "policy_mismatch")
    }
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
