import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

struct FreeRunningAnswerTests {
  private let prompt: [Int32] = Array("a prompt".utf8.map(Int32.init))

  private func run(
    on language: LanguageModel, policy: (any ExitPolicy)? = nil, tokens: Int = 12, stop: [String] = []
  ) throws -> FreeRunningAnswer {
    try FreeRunningAnswer(
      prompt: prompt, maximumTokens: tokens,
      decoding: policy.map { .exit(try ExitPlan($0, for: language, keyValues: .propagate)) } ?? .full,
      stopStrings: stop, on: language)
  }

  @Test func withoutAPolicyEveryTokenIsFullDepthsChoice() throws {
    let language = try TinyLanguage.ofAllTokens()
    let answer = try run(on: language)
    #expect(answer.tokens.count == 12)
    #expect(answer.depths == [Int](repeating: 4, count: 12))
    #expect(answer.text == language.decode(answer.tokens))
    #expect(answer.seconds >= 0)
    let tokens = prompt + answer.tokens
    let scores = try TeacherForcing(language).scores(
      of: tokens, scored: prompt.count..<tokens.count, exits: [4])
    #expect(scores[0].map(\.argmax) == answer.tokens)
  }

  @Test func recordsTheDepthThatThePolicyChose() throws {
    let answer = try run(on: try TinyLanguage.ofAllTokens(), policy: FixedDepthPolicy(depth: 2), tokens: 5)
    // The prompt runs all layers and gives the first token.
    #expect(answer.depths == [4, 2, 2, 2, 2])
  }

  @Test func keepsTheTokenThatEndsTheText() throws {
    let free = try run(on: try TinyLanguage.ofAllTokens())
    let end = free.tokens[3]
    let length = try #require(free.tokens.firstIndex(of: end))
    let language = try TinyLanguage.ofAllTokens(endOfGeneration: [end])
    let answer = try run(on: language)
    #expect(answer.tokens == Array(free.tokens[...length]))
    #expect(answer.depths.count == answer.tokens.count)
    #expect(answer.text == language.decode(Array(free.tokens[..<length])))
  }

  @Test func stopsAtAStopString() throws {
    let language = try TinyLanguage.ofAllTokens()
    let free = try run(on: language)
    let character = try #require(free.text.first { $0.isASCII })
    let answer = try run(on: language, stop: [String(character)])
    #expect(answer.text == String(free.text.prefix { $0 != character }))
    #expect(answer.tokens.count < free.tokens.count)
    #expect(free.tokens.starts(with: answer.tokens))
  }
}
