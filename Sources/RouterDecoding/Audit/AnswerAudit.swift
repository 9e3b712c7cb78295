import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Checks an answer against full depth in small pieces of work: one layer or one batch of heads at a time, so
/// that whoever does it can turn to a request in between. One thread uses it.
///
/// The answer's own tokens are read in batches, as calibration does (teacher forcing), so an audit costs a
/// prefill of prompt and answer and not a second generation.
package final class AnswerAudit {
  private let session: InferenceSession
  private let matmul: Matmul
  private let vocabulary: Int
  /// Prompt and answer.
  private let tokens: [Int32]
  /// Indices of the answer's tokens in `tokens`.
  private let scored: Range<Int>
  private let batchRows: Int
  private var agreements: [Bool] = []
  private var phase: Phase
  /// f32 `[headRows, V]`
  private let logits: UnsafeMutableBufferPointer<Float>

  private enum Phase {
    /// The batch that begins at this position is next.
    case batch(start: Int)
    /// The rows in flight, from position `start`, are on their way through the layers.
    case layers(start: Int)
    /// The rows in flight have run all layers; those from `row` on have not been scored.
    case heads(start: Int, row: Int)
    case finished
  }

  /// Products with the head of this many rows share one read of it.
  private static let headRows = 16
  /// Multiplications that a layer of a batch takes at most, so that a piece of work stays short: 128 rows of a
  /// model of 135 million parameters.
  private static let pieceProducts = 1 << 29

  /// Prepares an audit.
  ///
  /// - Parameters:
  ///   - prompt: token ids, at least one.
  ///   - answer: generated ids, an end-of-text token included, at least one.
  /// - Throws: ``GenerationError`` `invalidRequest` or `contextOverflow` if the model cannot read them.
  package init(prompt: [Int32], answer: [Int32], on language: LanguageModel) throws(GenerationError) {
    guard !prompt.isEmpty, !answer.isEmpty else {
      throw GenerationError(
        .invalidRequest, "an audit needs a prompt and an answer", remedy: "Audit answers with tokens only.")
    }
    tokens = prompt + answer
    scored = prompt.count..<prompt.count + answer.count
    matmul = language.model.matmul
    vocabulary = language.vocabularySize
    let shape = language.model.configuration
    let weights = shape.width * (2 * shape.queryWidth + 3 * shape.feedForwardWidth)
    batchRows = min(InferenceSession.maximumRows, max(8, Self.pieceProducts / max(weights, 1)))
    do {
      // The last token is predicted, never read.
      session = try InferenceSession(model: language.model, capacity: tokens.count - 1)
    } catch {
      throw GenerationError(error)
    }
    phase = .batch(start: 0)
    logits = .allocate(capacity: Self.headRows * language.vocabularySize)
    logits.initialize(repeating: 0)
  }

  deinit { logits.deallocate() }

  /// Does one piece of work.
  ///
  /// - Returns: `[T]`, once all is done: whether full depth's most probable token is the answer's.
  /// - Throws: ``GenerationError`` if a token is outside the vocabulary.
  package func advance() throws(GenerationError) -> [Bool]? {
    switch phase {
    case .batch(let start):
      let end = min(start + batchRows, tokens.count - 1)
      do {
        try session.begin(tokens[start..<end])
      } catch {
        throw GenerationError(error)
      }
      phase = .layers(start: start)
    case .layers(let start):
      session.advance(to: session.depth + 1)
      if session.depth == session.depthLimit {
        // The row of position p predicts the token of position p + 1.
        phase = .heads(start: start, row: max(scored.lowerBound - 1 - start, 0))
      }
    case .heads(let start, let row):
      if row < session.rowCount {
        let rows = row..<min(row + Self.headRows, session.rowCount)
        score(rows, start: start)
        phase = .heads(start: start, row: rows.upperBound)
      } else {
        let end = start + session.rowCount
        session.commitFull()
        phase = end < tokens.count - 1 ? .batch(start: end) : .finished
      }
    case .finished: break
    }
    if case .finished = phase { return agreements }
    return nil
  }

  /// Compares what full depth says after each of some rows in flight with the token that follows.
  private func score(_ rows: Range<Int>, start: Int) {
    guard let base = logits.baseAddress else { return }
    session.logits(rows: rows, into: base)
    var found = [Bool](repeating: false, count: rows.count)
    found.withUnsafeMutableBufferPointer { output in
      // Each chunk writes its own element.
      nonisolated(unsafe) let output = output
      nonisolated(unsafe) let base = base
      let (vocabulary, tokens) = (vocabulary, tokens)
      matmul.team.run(chunks: rows.count) { index in
        let row = UnsafeBufferPointer(start: base + index * vocabulary, count: vocabulary)
        let next = tokens[start + rows.lowerBound + index + 1]
        output[index] = SoftmaxStatistics.argmax(row) == Int(next)
      }
    }
    agreements += found
  }
}
