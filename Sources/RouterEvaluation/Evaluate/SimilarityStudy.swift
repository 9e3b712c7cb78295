import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterModel
import RouterTensor

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
    let pass = try TeacherForcedPass(
      language.model, tokens: tokens, wanted: prompt.count - 1..<tokens.count, exits: exits)
    // What sub-models hold at the positions of one batch, by exit.
    var held: [[SubModelState]] = []
    while let states = try pass.next() {
      held.append(subModelStates(states))
      guard states.exitIndex == exits.count - 1 else { continue }
      compare(held, from: states.positions.lowerBound - (prompt.count - 1))
      held.removeAll()
    }
    promptCount += 1
  }

  /// What a sub-model holds at each position that stands at its exit.
  private func subModelStates(_ states: ForcedStates) -> [SubModelState] {
    let vocabulary = language.vocabularySize
    return states.headGroups().flatMap { group in
      let logits = states.logits(group)
      return group.enumerated().map { row, position in
        SubModelState(
          state: Array(states.headInput(at: position)),
          logits: Array(logits[row * vocabulary..<(row + 1) * vocabulary]))
      }
    }
  }

  /// Adds all pairs of sub-models at some output positions.
  ///
  /// - Parameters:
  ///   - held: `[exits][n]`.
  ///   - first: the output position of the first of n.
  private mutating func compare(_ held: [[SubModelState]], from first: Int) {
    for offset in held[0].indices {
      let position = first + offset
      counts[position] += 1
      for (index, pair) in pairs.enumerated() {
        let (shallow, deep) = (held[pair.shallow][offset], held[pair.deep][offset])
        divergences[index][position] += deep.divergence(to: shallow)
        cosines[index][position] += deep.cosine(to: shallow)
      }
    }
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
