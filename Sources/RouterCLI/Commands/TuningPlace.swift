import Foundation
import RouterCheckpoint

/// The directory of a tuning run: state, hidden states, metrics, loss curve.
package struct TuningPlace {
  /// Path of the directory.
  package let directory: String

  /// What a killed run goes on from.
  package var state: String { "\(directory)/state" }
  /// Hidden states of the texts, for adapters.
  package var hiddenStates: String { "\(directory)/hidden-states" }
  /// Hidden states of the held-out texts.
  package var heldOutStates: String { "\(directory)/held-out-states" }
  /// One JSON object a step.
  package var metrics: String { "\(directory)/metrics.jsonl" }
  /// Losses over steps, SVG.
  package var curve: String { "\(directory)/loss.svg" }

  /// Makes the directory, or clears it of what killed processes have left half written.
  ///
  /// - Throws: ``CommandError`` if an earlier run is there and is not to be resumed, or the directory cannot be made.
  package init(_ directory: String, resuming: Bool) throws {
    self.directory = directory
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw CommandError(
        "the directory cannot be made: \(error.localizedDescription)", at: directory,
        remedy: "Choose another place with --work.")
    }
    AtomicFile.removeLeftovers(in: directory)
    guard !resuming else { return }
    if FileProbe.isFile(state) {
      throw CommandError(
        "an earlier run has left its state here", at: directory,
        remedy: "Go on with --resume, remove the directory, or choose another with --work.")
    }
    try? FileManager.default.removeItem(atPath: metrics)
  }
}
