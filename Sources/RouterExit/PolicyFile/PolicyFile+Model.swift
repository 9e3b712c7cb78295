extension PolicyFile {
  /// Checks that the policy fits a model: its structure, then the fingerprint that it was calibrated for.
  ///
  /// A policy without `provenance.modelSHA256` fits any model that has its exits.
  ///
  /// - Parameters:
  ///   - modelFingerprint: 64 lowercase hexadecimal digits.
  ///   - layerCount: L.
  ///   - exits: the model's exits, with or without L.
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch`` if the model cannot follow the
  ///   policy, which no flag overrides, or ``PolicyError/Code/modelMismatch`` if it can but the policy's
  ///   numbers were measured on another model.
  public func validate(
    modelFingerprint: String, layerCount: Int, exits: [Int]
  ) throws(PolicyError) {
    try validateStructure(layerCount: layerCount, exits: exits)
    guard let expected = provenance?.modelSHA256, expected != modelFingerprint else { return }
    let calibratedFor = provenance?.model.map { "\($0), " } ?? ""
    throw PolicyError(
      code: .modelMismatch,
      what:
        "policy `\(name)` was calibrated for another model (\(calibratedFor)\(expected.prefix(12))..., not "
        + "\(modelFingerprint.prefix(12))...), so its thresholds promise nothing here",
      location: "$.provenance.modelSHA256",
      remedy: recalibration("or pass --allow-mismatch to use it without its guarantee."))
  }

  /// Checks that a model has every exit that the policy asks at.
  ///
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch``.
  public func validateStructure(layerCount: Int, exits: [Int]) throws(PolicyError) {
    let known = exits.filter { $0 < layerCount }
    let list = (known + [layerCount]).map(String.init).joined(separator: ", ")
    for (index, exit) in makePolicy().exits.enumerated() {
      if case .fixed = rule, exit == layerCount { continue }
      guard known.contains(exit) else {
        let location = if case .fixed = rule { "$.depth" } else { "$.exits[\(index)]" }
        throw PolicyError(
          code: .exitMismatch,
          what: "policy `\(name)` exits at layer \(exit), but the model's exits are \(list)",
          location: location, remedy: recalibration("or choose another policy."))
      }
    }
  }

  /// How to make this policy for the model at hand.
  private func recalibration(_ alternative: String) -> String {
    switch rule {
    case .threshold, .patience:
      "Recalibrate with `router calibrate --model MODEL --policy \(name) --data FILE`, \(alternative)"
    case .fixed:
      "Use a depth of this model, \(alternative)"
    }
  }
}
