import RouterCheckpoint
import RouterTraining

/// What becomes of the exits' adapters, guesses and heads when the weights of a model are tuned.
package enum TuningNotes {
  /// What the user should know, each a sentence.
  ///
  /// - Parameters:
  ///   - tuned: exits whose adapters are tuned along.
  ///   - depth: layers of an extracted model; nil for all.
  package static func notes(
    on checkpoint: CheckpointReader, method: TuningMethod, tuned: [Int], depth: Int?
  ) -> [String] {
    let names = checkpoint.tensors.map(\.name)
    let heads = checkpoint.metadata.exits.filter { names.contains(TensorName.exitHead($0)) }
    let adapted = checkpoint.metadata.adapter?.exits ?? []
    let kept = TunedCheckpoint.adaptedExits(of: checkpoint.metadata, depth: depth)
    let untouched = kept.filter { !tuned.contains($0) }
    let gone = adapted.filter { !kept.contains($0) }
    var notes: [String] = []
    if !tuned.isEmpty { notes.append("adapters of exits \(list(tuned)) are tuned along") }
    if !untouched.isEmpty {
      let trunk = method == .ict ? "" : ", though the layers below them change"
      notes.append("adapters of exits \(list(untouched)) stay as they are\(trunk)")
    }
    if !gone.isEmpty {
      notes.append("adapters of exits \(list(gone)) go: full depth and what is cut off have none")
    }
    if !heads.isEmpty { notes.append("the own heads of exits \(list(heads)) go: \(successor(method))") }
    if names.contains(TensorName.drafts) {
      if kept.isEmpty || depth != nil {
        notes.append("guesses go, since they are of the whole model")
      } else if method != .ict {
        notes.append(
          "guesses stay as they are, and may be right less often; `router adapter drafts` learns new ones")
      }
    }
    return notes
  }

  /// What speaks for an exit that had a head of its own.
  private static func successor(_ method: TuningMethod) -> String {
    method == .ict ? "new ones start from the shared head" : "the shared head is tuned"
  }

  private static func list(_ exits: [Int]) -> String { exits.map(String.init).joined(separator: " ") }
}
