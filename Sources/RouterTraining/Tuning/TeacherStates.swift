import RouterModel

/// Full-depth hidden states of the frozen original, by its inference path.
struct TeacherStates {
  let model: LlamaModel

  /// Puts f32 `[n, D]`, the states of the batch's scored rows, into `output`.
  ///
  /// - Throws: `ModelError` if a document exceeds the context.
  func compute(_ batch: PackedBatch, into output: UnsafeMutablePointer<Float>) throws {
    var next = output
    var scored = batch.scoredRows[...]
    for document in batch.documents {
      let rows = scored.prefix { $0 < document.upperBound }
      scored = scored.dropFirst(rows.count)
      // A document's scored rows are its last ones.
      guard let first = rows.first else { continue }
      let pass = try TeacherForcedPass(
        model, tokens: Array(batch.tokens[document]),
        wanted: first - document.lowerBound..<document.count, exits: [model.layerCount])
      while let states = try pass.next() {
        let hidden = states.hidden
        guard let base = hidden.baseAddress else { continue }
        next.update(from: base, count: hidden.count)
        next += hidden.count
      }
    }
  }
}
