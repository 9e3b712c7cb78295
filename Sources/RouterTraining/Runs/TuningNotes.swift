import RouterCheckpoint
import RouterTensor

/// What becomes of what a checkpoint holds besides full weights when these are tuned: adapters, drafts, heads of
/// exits, and codes of few bits.
package enum TuningNotes {
  /// What the user should know, each a sentence.
  ///
  /// - Parameters:
  ///   - tuned: exits whose adapters are tuned along.
  ///   - depth: layers of an extracted model; nil for all.
  ///   - encoding: of tuned matrices; nil for the one that each had.
  package static func notes(
    on checkpoint: CheckpointReader, method: TuningMethod, tuned: [Int], depth: Int?,
    encoding: WeightEncoding?
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
        notes.append("the draft table goes, since it is of the whole model")
      } else if method != .ict {
        notes.append(
          "the draft table stays as it is, and its drafts may be accepted less often; `router adapter drafts` learns a new one"
        )
      }
    }
    let stored =
      encoding.map { [$0] }
      ?? checkpoint.tensors.filter { !TensorName.isOfExit($0.name) }
      .compactMap { WeightEncoding(storedAs: $0.dtype) }
    let bits = stored.map(\.descriptor.codeBits).min() ?? roundingBits
    if bits < roundingBits, method != .ict {
      notes.append(
        "layers are stored in \(bits) bits, which round most of what a short run changes away; --encoding q8 or bf16 keeps it"
      )
    }
    return notes
  }

  /// Bits of a code from which it keeps what a short run changes.
  private static let roundingBits = 8

  /// What speaks for an exit that had a head of its own.
  private static func successor(_ method: TuningMethod) -> String {
    method == .ict ? "new ones start from the shared head" : "the shared head is tuned"
  }

  private static func list(_ exits: [Int]) -> String { exits.map(String.init).joined(separator: " ") }
}
