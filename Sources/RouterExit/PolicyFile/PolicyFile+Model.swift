// Whether a policy fits a model: its exits, then what its numbers were measured on.
extension PolicyFile {
  /// What the policy's numbers were measured on that is different here; empty if they hold.
  ///
  /// A policy without `provenance.modelSHA256` fits any model that has its exits.
  ///
  /// - Parameter keyValues: what tokens leave in skipped layers; `nil` for what the policy was calibrated with.
  /// - Returns: errors with code ``PolicyError/Code/modelMismatch``.
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch`` if the model cannot follow the policy, which
  ///   nothing overrides.
  public func mismatches(
    with model: ModelIdentity, keyValues: KeyValueMode? = nil
  ) throws(PolicyError) -> [PolicyError] {
    try requireExits(of: model)
    return [
      weightsMismatch(model), depthMismatch(model), keyValueMismatch(keyValues, model),
      keyValueTypeMismatch(model),
    ].compactMap(\.self)
  }

  /// Checks that the model has every exit that the policy asks at.
  private func requireExits(of model: ModelIdentity) throws(PolicyError) {
    let known = model.exits.filter { $0 < model.layerCount }
    let list = (known + [model.layerCount]).map(String.init).joined(separator: ", ")
    let policy = makePolicy()
    try model.requireHead(of: policy)
    for (index, exit) in policy.exits.enumerated() {
      if exit == model.layerCount {
        if case .fixed = rule { continue }
        if policy.head == .narrow { continue }
      }
      guard known.contains(exit) else {
        let location = if case .fixed = rule { "$.depth" } else { "$.exits[\(index)]" }
        throw PolicyError(
          code: .exitMismatch,
          what: "policy `\(name)` exits at layer \(exit), but the model's exits are \(list)",
          location: location, remedy: recalibration("or choose another policy."))
      }
    }
  }

  private func weightsMismatch(_ model: ModelIdentity) -> PolicyError? {
    guard let expected = provenance?.modelSHA256, expected != model.fingerprint else { return nil }
    let calibratedFor = provenance?.model.map { "\($0), " } ?? ""
    let isNamesake = provenance?.model == model.name
    return PolicyError(
      code: .modelMismatch,
      what:
        "policy `\(name)` was calibrated for another model (\(calibratedFor)\(expected.prefix(12))..., not "
        + "\(model.fingerprint.prefix(12))...), so its thresholds guarantee nothing here"
        + (isNamesake ? ": the model has this name, but other weights or other exit adapters" : ""),
      location: "$.provenance.modelSHA256",
      remedy: recalibration("or pass --allow-mismatch to use it without its guarantee."))
  }

  private func depthMismatch(_ model: ModelIdentity) -> PolicyError? {
    guard guarantee != nil, model.loadedLayerCount < model.layerCount else { return nil }
    return PolicyError(
      code: .modelMismatch,
      what: "policy `\(name)` guarantees nearness to all \(model.layerCount) layers, but only "
        + "\(model.loadedLayerCount) are loaded",
      remedy: "Load all layers, or pass --allow-mismatch to use it without its guarantee.")
  }

  /// Where no token skips a layer, there is nothing in which keys and values could differ.
  private func keyValueMismatch(_ wanted: KeyValueMode?, _ model: ModelIdentity) -> PolicyError? {
    guard guarantee != nil, let wanted, wanted != decoder.keyValues,
      makePolicy().leavesLayersOut(of: model)
        || path.contains(where: { $0.exits.contains { $0 < model.layerCount } })
    else { return nil }
    return PolicyError(
      code: .modelMismatch,
      what: "policy `\(name)` was calibrated with --kv \(decoder.keyValues.rawValue), not "
        + "\(wanted.rawValue), so its thresholds guarantee nothing here",
      location: "$.decoder.kv",
      remedy: "Leave --kv out, recalibrate, or pass --allow-mismatch to use it without its guarantee.")
  }

  /// Keys and values of f32 are as good as those of f16, which stand for both in files of formats 1 and 2.
  private func keyValueTypeMismatch(_ model: ModelIdentity) -> PolicyError? {
    let (calibrated, here) = (decoder.keyValueType, model.keyValueType)
    guard provenance?.modelSHA256 != nil, here != calibrated, (calibrated, here) != (.f16, .f32) else {
      return nil
    }
    return PolicyError(
      code: .modelMismatch,
      what:
        "policy `\(name)` was calibrated with --kv-type \(calibrated.rawValue), not \(here.rawValue), so its "
        + "thresholds guarantee nothing here",
      location: "$.decoder.kvType",
      remedy: recalibration(
        "use --kv-type \(calibrated.rawValue), or pass --allow-mismatch to use it without its guarantee.",
        options: " --kv-type \(here.rawValue)"))
  }

  /// How to make this policy for the model at hand.
  private func recalibration(_ alternative: String, options: String = "") -> String {
    switch rule {
    case .threshold, .patience:
      "Recalibrate with `router calibrate --model MODEL --policy \(name) --data FILE\(options)`, \(alternative)"
    case .fixed:
      "Use a depth of this model, \(alternative)"
    }
  }
}
