import RouterCheckpoint
import RouterDecoding
import RouterExit

/// Refuses a policy that was calibrated for another model.
enum PolicyGate {
  /// - Throws: `PolicyError` unless the policy fits; with `allowMismatch` another model's policy is used with a
  ///   warning, but exits that the model lacks are refused all the same.
  static func check(_ file: PolicyFile, for model: LanguageModel, allowMismatch: Bool) throws {
    let (layers, exits) = (model.metadata.configuration.layerCount, model.metadata.exits)
    guard allowMismatch else {
      return try file.validate(modelFingerprint: model.fingerprint, layerCount: layers, exits: exits)
    }
    try file.validateStructure(layerCount: layers, exits: exits)
    if let known = file.provenance?.modelSHA256, known != model.fingerprint {
      Terminal.note(
        "WARNING: the policy \(file.name) was calibrated for another model. Its guarantee does not hold here."
      )
    }
  }
}
