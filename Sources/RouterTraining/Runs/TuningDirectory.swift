import Foundation
import RouterCheckpoint

/// The directory of a tuning run: state, hidden states, metrics, loss curve.
package struct TuningDirectory: Sendable {
  /// Path of the directory.
  package let path: String

  /// What a killed run goes on from.
  package var state: String { "\(path)/state" }
  /// Hidden states of the texts, for adapters.
  package var hiddenStates: String { "\(path)/hidden-states" }
  /// Hidden states of the held-out texts.
  package var heldOutStates: String { "\(path)/held-out-states" }
  /// One JSON object a step.
  package var metrics: String { "\(path)/metrics.jsonl" }
  /// Losses over steps, SVG.
  package var curve: String { "\(path)/loss.svg" }

  /// Makes the directory, or clears it of what killed processes have left half written.
  ///
  /// - Throws: ``TrainingError`` `inputOutput` if the directory cannot be made, `invalidSettings` if an earlier run is
  ///   there and is not to be resumed.
  package init(_ path: String, resuming: Bool) throws(TrainingError) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw TrainingError(
        .inputOutput, "the directory cannot be made: \(error.localizedDescription)", at: path,
        remedy: "Choose another place with --work.")
    }
    AtomicFile.removeLeftovers(in: path)
    guard !resuming else { return }
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: state, isDirectory: &isDirectory), !isDirectory.boolValue {
      throw TrainingError(
        .invalidSettings, "an earlier run has left its state here", at: path,
        remedy: "Go on with --resume, remove the directory, or choose another with --work.")
    }
    try? FileManager.default.removeItem(atPath: metrics)
  }
}
