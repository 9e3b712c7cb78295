import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

/// Runs given text through a model and looks at what each exit would have said at each position.
package struct TeacherForcing {
  /// What one exit says at one position.
  package struct Score: Sendable, Equatable {
    /// Its most probable next token; nil if its logits are not finite.
    package let argmax: Int32?
    /// Negative log-probability of the token that follows in the text, in nats.
    package let crossEntropy: Double
    /// Statistics of its distribution; nil if its logits are not finite.
    package let statistics: SoftmaxStatistics?
    /// Saturation: the hidden state's cosine to the one at the exit before, negative values and the first exit
    /// as 0.
    package let saturation: Float
  }

  /// Head products of this many rows share one read of the head.
  private static let headRows = 16

  private let language: LanguageModel

  package init(_ language: LanguageModel) { self.language = language }

  /// Scores the positions before `scored`: the logits that predict `tokens[i]` for each i of `scored`.
  ///
  /// - Parameters:
  ///   - tokens: at least one token before the first scored one.
  ///   - exits: depths, ascending.
  ///   - observe: receives, exit by exit, the 0-based index of the exit and the hidden states f32 `[n, D]` of
  ///     the next n of the scored positions.
  /// - Returns: `[exits.count][scored.count]`.
  /// - Throws: ``RouterModel/ModelError`` if the text exceeds the context.
  package func scores(
    of tokens: [Int32], scored: Range<Int>, exits: [Int],
    observe: (Int, UnsafeBufferPointer<Float>) -> Void = { _, _ in }
  ) throws -> [[Score]] {
    precondition(scored.lowerBound >= 1 && scored.upperBound <= tokens.count, "\(scored) of \(tokens.count)")
    let last = scored.upperBound - 1
    let session = try InferenceSession(
      model: language.model, capacity: max(last, 1), depthLimit: exits.last)
    var result = exits.map { _ in [Score]() }
    var start = 0
    while start < last {
      let end = min(start + InferenceSession.maximumRows, last)
      try session.begin(tokens[start..<end])
      // The row of position p predicts tokens[p + 1].
      let rows = min(max(scored.lowerBound - 1, start), end) - start..<end - start
      var previous: [Float]?
      for (index, exit) in exits.enumerated() {
        session.advance(to: exit)
        guard !rows.isEmpty else { continue }
        let hidden = Array(session.hidden)
        result[index] += rowScores(session, rows: rows, previous: previous) { tokens[start + $0 + 1] }
        let width = language.model.configuration.width
        hidden.withUnsafeBufferPointer {
          observe(
            index, UnsafeBufferPointer(rebasing: $0[rows.lowerBound * width..<rows.upperBound * width]))
        }
        previous = hidden
      }
      session.commitFull()
      start = end
    }
    return result
  }

  private func rowScores(
    _ session: InferenceSession, rows: Range<Int>, previous: [Float]?, target: (Int) -> Int32
  ) -> [Score] {
    let vocabulary = language.vocabularySize
    let width = language.model.configuration.width
    let logits = UnsafeMutableBufferPointer<Float>.allocate(capacity: Self.headRows * vocabulary)
    defer { logits.deallocate() }
    var scores: [Score] = []
    guard let base = logits.baseAddress else { return [] }
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.headRows) {
      let part = first..<min(first + Self.headRows, rows.upperBound)
      session.logits(rows: part, into: base)
      var partScores = [Score?](repeating: nil, count: part.count)
      partScores.withUnsafeMutableBufferPointer { output in
        nonisolated(unsafe) let output = output
        language.model.matmul.team.run(chunks: part.count) { row in
          let row0 = UnsafeBufferPointer(start: base + row * vocabulary, count: vocabulary)
          let states = (part.lowerBound + row) * width..<(part.lowerBound + row + 1) * width
          let saturation =
            previous.map { before in
              before.withUnsafeBufferPointer {
                ExitEstimator.cosine(
                  UnsafeBufferPointer(rebasing: session.hidden[states]),
                  UnsafeBufferPointer(rebasing: $0[states]))
              }
            } ?? 0
          output[row] = Self.score(row0, target: Int(target(part.lowerBound + row)), saturation: saturation)
        }
      }
      scores += partScores.compactMap { $0 }
    }
    return scores
  }

  private static func score(
    _ logits: UnsafeBufferPointer<Float>, target: Int, saturation: Float
  ) -> Score {
    guard let statistics = SoftmaxStatistics(logits) else {
      return Score(argmax: nil, crossEntropy: .infinity, statistics: nil, saturation: saturation)
    }
    let logProbability = Double(logits[target] - statistics.maximumLogit) - log(statistics.partition)
    return Score(
      argmax: SoftmaxStatistics.argmax(logits).map(Int32.init), crossEntropy: -logProbability,
      statistics: statistics, saturation: saturation)
  }
}
