import RouterDecoding
import RouterExit

/// One way of decoding, to be compared with others.
package struct DecodingWay: Sendable {
  /// Such as `exit entropy, exact`.
  package let name: String
  package let mode: DecodingMode
  package let policy: (any ExitPolicy)?
  package let keyValues: KeyValueMode

  package init(
    name: String, mode: DecodingMode, policy: (any ExitPolicy)? = nil, keyValues: KeyValueMode = .propagate
  ) {
    self.name = name
    self.mode = mode
    self.policy = policy
    self.keyValues = keyValues
  }

  /// All layers; what the others are compared with.
  package static let full = DecodingWay(name: "full", mode: .full)
}

/// A greedy answer in one way.
struct TimedAnswer: Equatable {
  var tokens: [Int32] = []
  var seconds = 0.0
  var depths = 0
  var verification: VerificationSummary?

  /// Tokens that `seconds` were spent on: all but the first, which comes from the prompt.
  var timedCount: Int { max(0, tokens.count - 1) }

  init(_ prompt: [Int32], maximumTokens: Int, way: DecodingWay, on language: LanguageModel) throws {
    let generation = try Generation(
      GenerationRequest(
        prompt: prompt, maximumTokens: maximumTokens, stopStrings: language.chatStopStrings, mode: way.mode,
        policy: way.policy, keyValues: way.keyValues), on: language)
    while !generation.isFinished {
      for event in try generation.advance() {
        switch event {
        case .token(let token):
          tokens.append(token.id)
          depths += token.depth
        case .finished(let summary):
          seconds = summary.decodeSeconds
          verification = summary.verification
        }
      }
    }
  }
}
