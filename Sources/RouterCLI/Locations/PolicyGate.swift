import RouterDecoding
import RouterExit

/// Refuses a policy that was calibrated for another model.
enum PolicyGate {
  /// - Throws: `PolicyError` unless the policy fits; with `allowMismatch` another model's policy is used with a
  ///   warning, but exits that the model lacks are refused all the same.
  static func check(_ file: PolicyFile, for model: LanguageModel, allowMismatch: Bool) throws {
    do {
      try file.validate(
        modelFingerprint: model.fingerprint, layerCount: model.metadata.configuration.layerCount,
        exits: model.metadata.exits)
    } catch let error where error.code == .modelMismatch && allowMismatch {
      Terminal.note(
        "WARNING: the policy \(file.name) was calibrated for another model. Its guarantee does not hold here.")
    }
  }
}
