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
    try scores(of: tokens, scored: scored, exits: exits, heads: [.full], observe: observe)[.full] ?? []
  }

  /// The same for several heads.
  ///
  /// - Parameter heads: those of the model.
  /// - Returns: by head as ``scores(of:scored:exits:observe:)``.
  package func scores(
    of tokens: [Int32], scored: Range<Int>, exits: [Int], heads: [HeadWidth],
    observe: (Int, UnsafeBufferPointer<Float>) -> Void = { _, _ in }
  ) throws -> [HeadWidth: [[Score]]] {
    precondition(scored.lowerBound >= 1 && scored.upperBound <= tokens.count, "\(scored) of \(tokens.count)")
    // The state of position p predicts tokens[p + 1].
    let pass = try TeacherForcedPass(
      language.model, tokens: tokens, wanted: scored.lowerBound - 1..<scored.upperBound - 1, exits: exits)
    var result: [HeadWidth: [[Score]]] = [:]
    for head in heads { result[head] = exits.map { _ in [] } }
    var previous: [Float]?
    while let states = try pass.next() {
      for head in heads {
        result[head]?[states.exitIndex] += scores(
          states, head, previous: states.exitIndex > 0 ? previous : nil, of: tokens)
      }
      observe(states.exitIndex, states.hidden)
      previous = Array(states.hidden)
    }
    return result
  }

  /// Full depth's most probable token after the prompt and after each token of an answer but the last; -1 where logits
  /// are not finite.
  package func choices(after prompt: [Int32], along answer: [Int32]) throws -> [Int32] {
    let tokens = prompt + answer
    let scores = try scores(
      of: tokens, scored: prompt.count..<tokens.count, exits: [language.layerCount])
    return (scores.last ?? []).map { $0.argmax ?? -1 }
  }

  /// The scores of the positions that stand at an exit.
  ///
  /// - Parameter previous: f32 `[n, D]`: their states at the exit before; nil at the first.
  private func scores(
    _ states: ForcedStates, _ head: HeadWidth, previous: [Float]?, of tokens: [Int32]
  ) -> [Score] {
    let vocabulary = language.vocabularySize
    let (first, width) = (states.positions.lowerBound, language.model.configuration.width)
    var scores: [Score] = []
    for group in states.headGroups() {
      let logits = head == .narrow ? states.narrowLogits(group) : states.logits(group)
      var found = [Score?](repeating: nil, count: group.count)
      found.withUnsafeMutableBufferPointer { output in
        // Each chunk writes its own element.
        nonisolated(unsafe) let output = output
        nonisolated(unsafe) let (logits, states) = (logits, states)
        language.model.matmul.team.run(chunks: group.count) { row in
          let position = group.lowerBound + row
          let saturation =
            previous.map { before in
              before.withUnsafeBufferPointer {
                ExitEstimator.cosine(
                  states.hidden(at: position),
                  UnsafeBufferPointer(
                    rebasing: $0[(position - first) * width..<(position - first + 1) * width]))
              }
            } ?? 0
          output[row] = Self.score(
            UnsafeBufferPointer(rebasing: logits[row * vocabulary..<(row + 1) * vocabulary]),
            target: Int(tokens[position + 1]), saturation: saturation)
        }
      }
      scores += found.compactMap { $0 }
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
