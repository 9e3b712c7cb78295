import RouterCheckpoint
import RouterModel
import RouterTensor

/// Runs texts through a frozen model once and keeps the hidden states at its exits.
package struct StateExtraction {
  private let model: LlamaModel
  private let layout: StateLayout

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - fingerprint: identity of the model, which the file records.
  ///   - topCount: teacher's most probable tokens to keep for each position.
  package init(model: LlamaModel, fingerprint: String, topCount: Int = 16) {
    self.model = model
    layout = StateLayout(
      fingerprint: fingerprint, exits: model.exits, width: model.configuration.width,
      topCount: min(topCount, model.configuration.vocabularySize))
  }

  /// Appends the states of all scored positions of `documents` to the file at `path`.
  ///
  /// A run that was interrupted goes on with the first document that is incomplete.
  ///
  /// - Parameter progress: receives the documents and the rows that are done; returns false to stop.
  /// - Throws: ``TrainingError`` `foreignFile` for a file of another model or of other texts, `noSpace`, `inputOutput`;
  ///   `ModelError` for a document that exceeds the model's context.
  package func run(
    _ documents: [TrainingDocument], into path: String,
    progress: ((_ documents: Int, _ rows: Int) -> Bool)? = nil
  ) throws {
    let file = try AppendFile(path: path)
    let first = try resume(file, documents)
    let sessions = SessionPool(model: model)
    for index in first..<documents.count {
      try file.append(
        rows(of: documents[index], index: index, session: sessions.session(for: documents[index])))
      let rows = (file.byteCount - StateLayout.headerByteCount) / layout.rowByteCount
      if let progress, !progress(index + 1, rows) { return }
    }
  }

  /// Checks or writes the header, drops an incomplete document, and returns the next one.
  private func resume(_ file: AppendFile, _ documents: [TrainingDocument]) throws -> Int {
    let header = StateLayout.headerByteCount
    if file.byteCount < header {
      try file.truncate(to: 0)
      try file.append(StateCache.header(layout))
      return 0
    }
    let cache = try StateCache(path: file.path)
    guard cache.layout == layout else {
      throw TrainingError(
        .foreignFile, "the hidden states are of another model or of other exits", at: file.path,
        remedy: "Delete the file or choose another path.")
    }
    // Documents have all their rows or some, in order: walk until the file's rows are used up.
    var (index, complete) = (0, 0)
    while index < documents.count, complete + documents[index].scored.count <= cache.rowCount {
      let scored = documents[index].scored
      try check(cache, row: complete, is: scored.lowerBound, of: documents[index], index)
      complete += scored.count
      try check(cache, row: complete - 1, is: scored.upperBound - 1, of: documents[index], index)
      index += 1
    }
    try file.truncate(to: header + complete * layout.rowByteCount)
    return index
  }

  /// Checks that a row of the file is for token `token` of a document.
  private func check(
    _ cache: StateCache, row: Int, is token: Int, of document: TrainingDocument, _ index: Int
  ) throws(TrainingError) {
    guard try cache.place(row: row) == (UInt32(index), UInt32(token - 1), document.tokens[token]) else {
      throw TrainingError(
        .foreignFile, "the hidden states are of other texts, from text \(index + 1) on", at: cache.path,
        remedy: "Delete the file, or choose another directory, to learn from these.")
    }
  }

  /// The bytes of all rows of one document.
  private func rows(of document: TrainingDocument, index: Int, session: InferenceSession) throws -> [UInt8] {
    let scored = document.scored
    var bytes = [UInt8](repeating: 0, count: scored.count * layout.rowByteCount)
    // The state of position p predicts token p + 1.
    let pass = TeacherForcedPass(
      in: session, tokens: document.tokens, wanted: scored.lowerBound - 1..<scored.upperBound - 1,
      exits: layout.exits)
    while let states = try pass.next() {
      for position in states.positions {
        let base = (position + 1 - scored.lowerBound) * layout.rowByteCount
        store(states.hidden(at: position), at: base + layout.stateOffset(states.exitIndex), in: &bytes)
      }
      if states.exitIndex == layout.exits.count - 1 { storeTokens(document, index, states, in: &bytes) }
    }
    return bytes
  }

  private func store(_ hidden: UnsafeBufferPointer<Float>, at offset: Int, in bytes: inout [UInt8]) {
    guard let state = hidden.baseAddress else { return }
    let mean = Vectors.dot(state, state, layout.width) / Float(layout.width)
    let rms = (mean + StateLayout.epsilon).squareRoot()
    bytes.withUnsafeMutableBytes { raw in
      raw.storeBytes(of: rms, toByteOffset: offset, as: Float.self)
      for i in 0..<layout.width {
        raw.storeBytes(
          of: HalfPrecision.f16(from: state[i] / rms), toByteOffset: offset + 4 + 2 * i, as: UInt16.self)
      }
    }
  }

  /// Writes places, tokens and the teacher's most probable tokens of positions that have run all layers.
  private func storeTokens(
    _ document: TrainingDocument, _ index: Int, _ states: ForcedStates, in bytes: inout [UInt8]
  ) {
    let vocabulary = model.configuration.vocabularySize
    for group in states.headGroups() {
      let logits = states.logits(group)
      for (row, position) in group.enumerated() {
        let top = TopTokens.largest(
          layout.topCount,
          of: UnsafeBufferPointer(rebasing: logits[row * vocabulary..<(row + 1) * vocabulary]))
        let base = (position + 1 - document.scored.lowerBound) * layout.rowByteCount
        bytes.withUnsafeMutableBytes { raw in
          raw.storeBytes(of: UInt32(index), toByteOffset: base, as: UInt32.self)
          raw.storeBytes(of: UInt32(position), toByteOffset: base + 4, as: UInt32.self)
          raw.storeBytes(of: document.tokens[position + 1], toByteOffset: base + 8, as: Int32.self)
          for (i, token) in top.enumerated() {
            raw.storeBytes(of: token, toByteOffset: base + layout.topOffset + 4 * i, as: Int32.self)
          }
        }
      }
    }
  }
}

/// Sessions by capacity, since opening one for a long context costs more than a short text.
private final class SessionPool {
  private let model: LlamaModel
  private var sessions: [Int: InferenceSession] = [:]

  init(model: LlamaModel) { self.model = model }

  /// A session with room for `document`.
  ///
  /// - Throws: `ModelError` `contextOverflow`.
  func session(for document: TrainingDocument) throws -> InferenceSession {
    var capacity = 128
    while capacity < document.tokens.count { capacity *= 2 }
    capacity = max(document.tokens.count, min(capacity, model.configuration.contextLength))
    if let known = sessions[capacity] { return known }
    let session = try InferenceSession(model: model, capacity: capacity)
    sessions[capacity] = session
    return session
  }
}
