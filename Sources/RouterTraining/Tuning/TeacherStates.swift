import RouterModel
import RouterTensor

/// Full-depth hidden states of the frozen original, by its inference path.
struct TeacherStates {
  let model: LlamaModel

  /// Puts f32 `[n, D]`, the states of the batch's scored rows, into `output`.
  ///
  /// - Throws: `ModelError` if a document exceeds the context.
  func compute(_ batch: PackedBatch, into output: UnsafeMutablePointer<Float>) throws {
    let width = model.weights.embedding.columns
    var next = 0
    for document in batch.documents {
      let session = try InferenceSession(model: model, capacity: document.count)
      for start in stride(
        from: document.lowerBound, to: document.upperBound, by: InferenceSession.maximumRows)
      {
        let rows = start..<min(start + InferenceSession.maximumRows, document.upperBound)
        try session.begin(batch.tokens[rows])
        session.advance(to: model.layerCount)
        guard let hidden = session.hidden.baseAddress else { continue }
        while next < batch.scoredRows.count, rows.contains(batch.scoredRows[next]) {
          (output + next * width).update(
            from: hidden + (batch.scoredRows[next] - start) * width, count: width)
          next += 1
        }
        session.commitFull()
      }
    }
  }
}
