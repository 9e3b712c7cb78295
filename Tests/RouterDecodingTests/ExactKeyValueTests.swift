import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// `KeyValueMode.exact`: layers that a token skipped run for it when a later one goes there.
struct ExactKeyValueTests {
  private let prompt: [Int32] = [72, 105, 32]

  private func transcript(
    _ policy: any ExitPolicy, _ mode: KeyValueMode, on language: LanguageModel, count: Int = 24
  ) throws -> Transcript {
    try Transcript(
      GenerationRequest(
        prompt: prompt, maximumTokens: count, decoding: try .tiny(policy, mode), topLogprobs: 3,
        ignoresEndOfText: true), on: language)
  }

  /// A token at full depth sees exactly what a full run of the same tokens sees.
  @Test(arguments: [[4, 1, 3, 4, 2, 2, 4, 1, 1, 4, 3, 1], [4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4]])
  func deepTokensAreThoseOfAFullRun(depths: [Int]) throws {
    let language = try TinyLanguage.make()
    let found = try transcript(ScriptedPolicy { depths[$0] }, .exact, on: language, count: 12)
    #expect(found.depths == depths)
    let session = try InferenceSession(model: language.model, capacity: 16)
    var logits = [Float](repeating: 0, count: language.vocabularySize)
    var differs = false
    for (position, token) in (prompt + found.ids.dropLast()).enumerated() {
      try session.begin([token])
      session.advance(to: 4)
      session.logits(rows: 0..<1, into: &logits)
      session.commitFull()
      guard position >= prompt.count - 1 else { continue }
      let answer = found.tokens[position - prompt.count + 1]
      let logprob = logits.withUnsafeBufferPointer { LogprobTable($0)[answer.id] }
      if answer.depth == 4 {
        #expect(answer.logprob == logprob)
      } else {
        differs = differs || answer.logprob != logprob
      }
    }
    #expect(differs, "shallow tokens speak from shallow states")
  }

  /// With propagated keys and values deep tokens see something else, or the test above would show nothing.
  @Test func propagationIsAnApproximation() throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy { $0 % 3 == 0 ? 4 : 1 }
    let (exact, propagated) = (
      try transcript(policy, .exact, on: language), try transcript(policy, .propagate, on: language)
    )
    #expect(exact.tokens.map(\.logprob) != propagated.tokens.map(\.logprob))
  }

  /// More tokens leave early in a row than may be owed: layers are made up for, and nothing else changes.
  @Test func aLongRunOfShallowTokensIsCaughtUpOnTheWay() throws {
    let language = try TinyLanguage.make()
    let found = try transcript(FixedDepthPolicy(depth: 2), .exact, on: language, count: 60)
    #expect(found.depths == [4] + [Int](repeating: 2, count: 59))
    let full = try transcript(
      ScriptedPolicy { _ in .proceed(confidence: nil) }, .exact, on: language, count: 60)
    #expect(full.depths == [Int](repeating: 4, count: 60))
  }
}
