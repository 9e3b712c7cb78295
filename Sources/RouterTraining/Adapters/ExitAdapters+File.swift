import RouterCheckpoint
import RouterModel

extension ExitAdapters {
  /// Decodes the adapters of a file, for a run to start from.
  ///
  /// - Parameters:
  ///   - kind: what the run trains.
  ///   - exits: depths that the run trains, ascending, without full depth.
  ///   - metadata: of the checkpoint whose fingerprint is `fingerprint`, on which the run trains.
  /// - Throws: ``TrainingError`` `foreignFile` for adapters of another kind or of other exits, `corruptFile` for values
  ///   that are no numbers; `CheckpointError` `invalidRequest` for adapters of another model, or for a damaged file.
  package init(
    startingFrom file: AdapterFile, kind: ExitAdapterKind, exits: [Int], metadata: CheckpointMetadata,
    fingerprint: String
  ) throws {
    try file.check(against: metadata, fingerprint: fingerprint)
    guard file.record.kind == kind else {
      throw TrainingError(
        .foreignFile, "the adapters to start from are \(file.record.kind), and the run trains \(kind)",
        at: file.path, remedy: "Train \(file.record.kind) adapters, or start from others.")
    }
    guard file.record.exits == exits else {
      func list(_ exits: [Int]) -> String { exits.map(String.init).joined(separator: " ") }
      throw TrainingError(
        .foreignFile,
        "the adapters to start from are for the exits \(list(file.record.exits)), and the run trains \(list(exits))",
        at: file.path, remedy: "Start from adapters of the same exits.")
    }
    let adapters = try ExitAdapter.byDepth(in: file)
    let values = exits.flatMap { adapters[$0]?.values ?? [] }
    guard values.allSatisfy(\.isFinite) else {
      throw TrainingError(
        .corruptFile, "the adapters to start from hold values that are no numbers", at: file.path,
        remedy: "Start from the result of a run that did not diverge.")
    }
    self.init(kind: kind, exits: exits, width: metadata.configuration.width, values: values)
  }
}
