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
  private let pass: TeacherForcedPass
  private let team: ThreadTeam
  private let vocabulary: Int
  /// Prompt and answer.
  private let tokens: [Int32]
  private var agreements: [Bool] = []
  /// Positions that have run all layers and whose heads have not been asked, in groups.
  private var unscored: (states: ForcedStates, groups: ArraySlice<Range<Int>>)?

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
    team = language.model.matmul.team
    vocabulary = language.vocabularySize
    let shape = language.model.configuration
    let weights = shape.width * (2 * shape.queryWidth + 3 * shape.feedForwardWidth)
    do {
      // The last token is predicted, never read.
      pass = try TeacherForcedPass(
        language.model, tokens: tokens, wanted: prompt.count - 1..<tokens.count - 1,
        exits: [language.layerCount], batchRows: max(8, Self.pieceProducts / max(weights, 1)))
    } catch {
      throw GenerationError(error)
    }
  }

  /// Does one piece of work.
  ///
  /// - Returns: `[T]`, once all is done: whether full depth's most probable token is the answer's.
  /// - Throws: ``GenerationError`` if a token is outside the vocabulary.
  package func advance() throws(GenerationError) -> [Bool]? {
    if let (states, groups) = unscored, let group = groups.first {
      score(group, of: states)
      unscored = groups.count > 1 ? (states, groups.dropFirst()) : nil
      return nil
    }
    do throws(ModelError) {
      switch try pass.advance() {
      case .reading: return nil
      case .stopped(let states):
        unscored = (states, states.headGroups()[...])
        return nil
      case .finished: return agreements
      }
    } catch {
      throw GenerationError(error)
    }
  }

  /// Compares what full depth says after each of some positions with the token that follows.
  private func score(_ group: Range<Int>, of states: ForcedStates) {
    let logits = states.logits(group)
    var found = [Bool](repeating: false, count: group.count)
    found.withUnsafeMutableBufferPointer { output in
      // Each chunk writes its own element.
      nonisolated(unsafe) let output = output
      nonisolated(unsafe) let logits = logits
      let (vocabulary, tokens) = (vocabulary, tokens)
      team.run(chunks: group.count) { index in
        let row = UnsafeBufferPointer(rebasing: logits[index * vocabulary..<(index + 1) * vocabulary])
        output[index] = SoftmaxStatistics.argmax(row) == Int(tokens[group.lowerBound + index + 1])
      }
    }
    agreements += found
  }
}
