import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterModel

/// How alike sub-models are at each position of an answer (Sorted LLaMA, arXiv 2309.08968, section 5.3).
package struct SimilarityReport: Sendable, Codable, Equatable {
  /// A shallower and a deeper sub-model.
  package struct Pair: Sendable, Codable, Equatable {
    package let shallow: Int
    package let deep: Int
    /// KL(deep || shallow) of the next-token distributions in nats, mean over prompts, by output position; nil
    /// where no answer is that long.
    package let divergence: [Double?]
    /// Cosine of the hidden states as the head reads them, mean over prompts, by output position.
    package let cosine: [Double?]
  }

  package let prompts: Int
  /// Output positions, counted from 0.
  package let positions: Int
  package let exits: [Int]
  package let pairs: [Pair]
}

/// Gathers a ``SimilarityReport``: sub-models see the same text, the full model's greedy answer.
package struct SimilarityStudy {
  /// The paper's output positions.
  package static let paperPositions = 20

  private let language: LanguageModel
  private let positions: Int
  private let exits: [Int]
  private let pairs: [(shallow: Int, deep: Int)]
  /// `[pairs][positions]`
  private var divergences: [[Double]]
  private var cosines: [[Double]]
  /// `[positions]`
  private var counts: [Int]
  private var promptCount = 0

  package init(_ language: LanguageModel, positions: Int = paperPositions) {
    self.language = language
    self.positions = positions
    exits = language.exits
    pairs = exits.indices.flatMap { deep in (0..<deep).map { (shallow: $0, deep: deep) } }
    divergences = pairs.map { _ in [Double](repeating: 0, count: positions) }
    cosines = divergences
    counts = [Int](repeating: 0, count: positions)
  }

  /// Adds a prompt and the full model's answer to it.
  package mutating func add(prompt: [Int32], answer: [Int32]) throws {
    let count = min(positions, answer.count)
    guard count > 0, !prompt.isEmpty else { return }
    // Position i of the answer is predicted from what precedes it.
    let tokens = prompt + answer.prefix(count - 1)
    let session = try InferenceSession(model: language.model, capacity: tokens.count)
    var start = 0
    while start < tokens.count {
      let end = min(start + InferenceSession.maximumRows, tokens.count)
      try session.begin(tokens[start..<end])
      let rows = min(max(prompt.count - 1, start), end) - start..<end - start
      let states = exits.map { exit in
        session.advance(to: exit)
        return rows.map { row in ExitState(session, row: row, language: language) }
      }
      for (offset, row) in rows.enumerated() {
        let position = start + row - (prompt.count - 1)
        counts[position] += 1
        for (index, pair) in pairs.enumerated() {
          let (shallow, deep) = (states[pair.shallow][offset], states[pair.deep][offset])
          divergences[index][position] += deep.divergence(to: shallow)
          cosines[index][position] += deep.cosine(to: shallow)
        }
      }
      session.commitFull()
      start = end
    }
    promptCount += 1
  }

  /// The means so far.
  ///
  /// - Throws: ``EvaluationError`` `noData` without a prompt.
  package func report() throws(EvaluationError) -> SimilarityReport {
    guard promptCount > 0 else {
      throw EvaluationError(.noData, "there is no prompt to compare sub-models on", remedy: "Give rows.")
    }
    func means(_ sums: [Double]) -> [Double?] { zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : nil } }
    return SimilarityReport(
      prompts: promptCount, positions: positions, exits: exits,
      pairs: pairs.enumerated().map { index, pair in
        SimilarityReport.Pair(
          shallow: exits[pair.shallow], deep: exits[pair.deep], divergence: means(divergences[index]),
          cosine: means(cosines[index]))
      })
  }
}

/// What a sub-model holds at one position: the state that its head reads, and ln of its distribution.
private struct ExitState {
  /// f32 `[D]`
  let state: [Float]
  /// ln p, f32 `[V]`
  let logProbabilities: [Float]

  init(_ session: InferenceSession, row: Int, language: LanguageModel) {
    let width = language.model.configuration.width
    state = Array(UnsafeBufferPointer(start: session.headInput(rows: row..<row + 1), count: width))
    var logits = [Float](repeating: 0, count: language.vocabularySize)
    logits.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      session.logits(rows: row..<row + 1, into: base)
      var largest = -Float.infinity
      for value in buffer { largest = max(largest, value) }
      var partition = 0.0
      for value in buffer { partition += Double(exp(value - largest)) }
      let shift = largest + Float(log(partition))
      for i in buffer.indices { buffer[i] -= shift }
    }
    logProbabilities = logits
  }

  /// KL(self || other) in nats.
  func divergence(to other: ExitState) -> Double {
    var sum = 0.0
    logProbabilities.withUnsafeBufferPointer { mine in
      other.logProbabilities.withUnsafeBufferPointer { theirs in
        // exp(-30) of the mass is beyond the sum's precision.
        for i in mine.indices where mine[i] > -30 { sum += Double(exp(mine[i]) * (mine[i] - theirs[i])) }
      }
    }
    return max(0, sum)
  }

  func cosine(to other: ExitState) -> Double {
    var (dot, first, second) = (0.0, 0.0, 0.0)
    for (a, b) in zip(state, other.state) {
      dot += Double(a) * Double(b)
      first += Double(a) * Double(a)
      second += Double(b) * Double(b)
    }
    let norm = (first * second).squareRoot()
    return norm > 0 ? dot / norm : 0
  }
}
