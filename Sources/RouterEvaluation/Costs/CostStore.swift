import Foundation

/// Cost models that were measured before, one JSON file each.
package struct CostStore: Sendable {
  /// The directory of the files, which need not exist yet.
  package let directory: String

  package init(directory: String) { self.directory = directory }

  /// The form of the files; another number is another form.
  private static let version = 3

  private struct Record: Codable {
    let version: Int
    let key: CostKey
    let costs: CostModel
  }

  /// Where a model's costs are kept.
  package func path(for key: CostKey) -> String { "\(directory)/\(key.digest).json" }

  /// What was stored for exactly this key; nil if there is nothing, or nothing that can be read.
  package func costs(for key: CostKey) -> CostModel? {
    guard let data = FileManager.default.contents(atPath: path(for: key)),
      let record = try? JSONDecoder().decode(Record.self, from: data),
      record.version == Self.version, record.key == key
    else { return nil }
    return record.costs
  }

  /// Keeps a cost model, in place of an earlier one.
  ///
  /// - Throws: ``EvaluationError`` `notStored` if the file cannot be written.
  package func store(_ costs: CostModel, for key: CostKey) throws(EvaluationError) {
    let path = path(for: key)
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let data = try encoder.encode(Record(version: Self.version, key: key, costs: costs))
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw EvaluationError(
        .notStored, "the measured costs cannot be stored: \(error.localizedDescription)", at: path,
        remedy: "Set ROUTER_CACHE to a directory that may be written to.")
    }
  }
}
