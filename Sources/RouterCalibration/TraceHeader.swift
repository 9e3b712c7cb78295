/// The first line of a trace file: what its traces belong to.
package struct TraceHeader: Sendable, Equatable, Codable {
  /// The version of the lines that this program reads and writes.
  package static let formatVersion = 3

  /// The version of the file's lines.
  package let trace: Int

  /// The model's fingerprint.
  package let modelFingerprint: String

  /// SHA-256 of the data's file.
  package let dataSHA256: String

  /// Every setting that changes what a trace would show, by name, in the user's spelling: estimator, metric,
  /// maximum tokens, seed, the split of the prompts.
  package let settings: [String: String]

  /// Creates a header of the current format.
  package init(modelFingerprint: String, dataSHA256: String, settings: [String: String]) {
    trace = Self.formatVersion
    self.modelFingerprint = modelFingerprint
    self.dataSHA256 = dataSHA256
    self.settings = settings
  }

  /// What differs from another header, for people; empty if the two are equal.
  package func differences(from other: TraceHeader) -> [String] {
    var differences: [String] = []
    if trace != other.trace { differences.append("trace format: \(trace), now \(other.trace)") }
    if modelFingerprint != other.modelFingerprint {
      differences.append(
        "model: \(modelFingerprint.prefix(12))..., now \(other.modelFingerprint.prefix(12))...")
    }
    if dataSHA256 != other.dataSHA256 {
      differences.append("data: \(dataSHA256.prefix(12))..., now \(other.dataSHA256.prefix(12))...")
    }
    for name in Set(settings.keys).union(other.settings.keys).sorted()
    where settings[name] != other.settings[name] {
      differences.append("\(name): \(settings[name] ?? "unset"), now \(other.settings[name] ?? "unset")")
    }
    return differences
  }
}
