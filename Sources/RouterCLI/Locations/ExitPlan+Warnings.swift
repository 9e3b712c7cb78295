import RouterDecoding
import RouterExit

extension ExitPlan {
  /// A plan from a calibrated policy, with a warning for each mismatch that `allowMismatch` accepts.
  ///
  /// - Throws: `PolicyError` unless the policy fits.
  init(
    _ file: PolicyFile, for model: LanguageModel, keyValues: KeyValueMode? = nil, allowMismatch: Bool
  ) throws {
    try self.init(
      file, for: model, keyValues: keyValues, mismatch: allowMismatch ? .accepted : .refused)
    for mismatch in mismatches {
      Terminal.note("WARNING: \(mismatch.what). Its guarantee does not hold here.")
    }
  }
}
