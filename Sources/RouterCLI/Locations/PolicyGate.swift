import RouterCheckpoint
import RouterDecoding
import RouterExit

/// Refuses a policy whose numbers were measured on something else than what is about to run.
package enum PolicyGate {
  /// What is about to run.
  package struct Subject: Sendable {
    /// The model's name.
    package var name: String
    /// Identity of its weights, exit adapters included.
    package var fingerprint: String
    /// L.
    package var layerCount: Int
    /// Layers that are loaded.
    package var loadedLayers: Int
    /// The model's exits, L among them or not.
    package var exits: [Int]
    /// What tokens leave in skipped layers; nil for what the policy was calibrated with.
    package var keyValues: PolicyDecoder.KeyValueMode?

    /// Describes it.
    package init(
      name: String, fingerprint: String, layerCount: Int, loadedLayers: Int, exits: [Int],
      keyValues: PolicyDecoder.KeyValueMode? = nil
    ) {
      self.name = name
      self.fingerprint = fingerprint
      self.layerCount = layerCount
      self.loadedLayers = loadedLayers
      self.exits = exits
      self.keyValues = keyValues
    }
  }

  /// - Parameter keyValues: what tokens leave in skipped layers; nil for what the policy was calibrated with.
  /// - Throws: `PolicyError` unless the policy fits; with `allowMismatch` one that was calibrated for another
  ///   model or other keys and values is used with a warning, but exits that the model lacks are refused all the
  ///   same.
  static func check(
    _ file: PolicyFile, for model: LanguageModel, keyValues: KeyValueMode? = nil, allowMismatch: Bool
  ) throws {
    let subject = Subject(
      name: model.name, fingerprint: model.fingerprint,
      layerCount: model.metadata.configuration.layerCount, loadedLayers: model.layerCount,
      exits: model.metadata.exits,
      keyValues: keyValues.flatMap { PolicyDecoder.KeyValueMode(rawValue: $0.rawValue) })
    let mismatches = try mismatches(file, subject)
    guard let first = mismatches.first else { return }
    guard allowMismatch else { throw first }
    for mismatch in mismatches {
      Terminal.note("WARNING: \(mismatch.what). Its guarantee does not hold here.")
    }
  }

  /// What the policy's numbers were measured on that is different here; empty if they hold.
  ///
  /// - Throws: `PolicyError` if the model lacks an exit of the policy.
  package static func mismatches(
    _ file: PolicyFile, _ subject: Subject
  ) throws(PolicyError) -> [PolicyError] {
    try file.validateStructure(layerCount: subject.layerCount, exits: subject.exits)
    return [model(file, subject), depth(file, subject), cache(file, subject)].compactMap(\.self)
  }

  private static func model(_ file: PolicyFile, _ subject: Subject) -> PolicyError? {
    do throws(PolicyError) {
      try file.validate(
        modelFingerprint: subject.fingerprint, layerCount: subject.layerCount, exits: subject.exits)
      return nil
    } catch {
      guard file.provenance?.model == subject.name else { return error }
      return PolicyError(
        code: error.code,
        what: "\(error.what): the model has this name, but other weights or other exit adapters",
        location: error.location, remedy: error.remedy)
    }
  }

  private static func depth(_ file: PolicyFile, _ subject: Subject) -> PolicyError? {
    guard file.guarantee != nil, subject.loadedLayers < subject.layerCount else { return nil }
    return PolicyError(
      code: .modelMismatch,
      what: "policy `\(file.name)` promises nearness to all \(subject.layerCount) layers, but only "
        + "\(subject.loadedLayers) are loaded",
      remedy: "Load all layers, or pass --allow-mismatch to use it without its guarantee.")
  }

  private static func cache(_ file: PolicyFile, _ subject: Subject) -> PolicyError? {
    guard file.guarantee != nil, let wanted = subject.keyValues, wanted != file.decoder.kv
    else { return nil }
    return PolicyError(
      code: .modelMismatch,
      what: "policy `\(file.name)` was calibrated with --kv \(file.decoder.kv.rawValue), not "
        + "\(wanted.rawValue), so its thresholds promise nothing here",
      location: "$.decoder.kv",
      remedy: "Leave --kv out, recalibrate, or pass --allow-mismatch to use it without its guarantee.")
  }
}
