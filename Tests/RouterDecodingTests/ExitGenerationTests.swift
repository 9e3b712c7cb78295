import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// Generation under a policy: how deep each token goes, what that costs, and what it must not change.
struct ExitGenerationTests {
  private let prompt: [Int32] = [72, 105, 32]

  private func request(
    _ policy: any ExitPolicy, maximumTokens: Int = 24, maximumExit: Int? = nil, temperature: Float = 0
  ) throws -> GenerationRequest {
    GenerationRequest(
      prompt: prompt, maximumTokens: maximumTokens,
      sampling: try SamplingOptions(temperature: temperature, seed: 11),
      decoding: try .tiny(policy), maximumExit: maximumExit, topLogprobs: 20)
  }

  /// A token of a greedy answer and its log-probability.
  private struct Step: Equatable {
    let id: Int32
    let logprob: Float?
  }

  private func steps(_ transcript: Transcript) -> [Step] {
    transcript.tokens.map { Step(id: $0.id, logprob: $0.logprob) }
  }

  /// The greedy answer under depths of one's own, by hand. The first token comes from the prompt, at full depth.
  private func greedyAnswer(
    _ language: LanguageModel, count: Int, depth: (Int) -> Int
  ) throws -> [Step] {
    let session = try InferenceSession(model: language.model, capacity: prompt.count + count)
    var logits = [Float](repeating: 0, count: language.vocabularySize)
    func run(_ token: Int32, depth: Int) throws {
      try session.begin([token])
      session.advance(to: depth)
      session.logits(rows: 0..<1, into: &logits)
      session.propagateAndCommit()
    }
    for token in prompt { try run(token, depth: 4) }
    var answer: [Step] = []
    while answer.count < count {
      let best = logits.indices.max { logits[$0] < logits[$1] }.map { Int32($0) } ?? -1
      answer.append(Step(id: best, logprob: logits.withUnsafeBufferPointer { LogprobTable($0)[best] }))
      try run(best, depth: depth(answer.count))
    }
    return answer
  }

  /// Tokens, depths and all twenty log-probabilities, bit for bit; also for a policy that looks at everything.
  @Test(arguments: [0, 1] as [Float], [false, true])
  func anUnreachableThresholdIsTheFullModel(temperature: Float, asksForLogits: Bool) throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy { observation in
      .proceed(confidence: asksForLogits ? observation.logits[0] : nil)
    }
    var request = try request(policy, temperature: temperature)
    let exiting = try Transcript(request, on: language)
    request.decoding = .full
    let full = try Transcript(request, on: language)
    #expect(exiting.ids == full.ids && exiting.depths == full.depths)
    #expect(exiting.tokens.map(\.topLogprobs) == full.tokens.map(\.topLogprobs))
    #expect(exiting.text == full.text)
    #expect(policy.questions.count == 23 * 3, "asked at three exits for all tokens but the first")
    #expect(full.tokens.allSatisfy { $0.confidence == nil })
  }

  @Test(arguments: 1...3)
  func aFixedDepthIsEachTokensDepthAfterTheFirst(depth: Int) throws {
    let language = try TinyLanguage.make()
    let transcript = try Transcript(request(FixedDepthPolicy(depth: depth)), on: language)
    #expect(transcript.depths == [4] + [Int](repeating: depth, count: 23))
    #expect(steps(transcript) == (try greedyAnswer(language, count: 24) { _ in depth }))
    let summary = try #require(transcript.summary)
    #expect(summary.depthCounts == [4: 1, depth: 23])
    #expect(summary.meanDepth == Double(4 + 23 * depth) / 24)
  }

  @Test func fullDepthAsAFixedDepthIsTheFullModel() throws {
    let language = try TinyLanguage.make()
    for depth in [4, 5, 100] {
      let transcript = try Transcript(request(FixedDepthPolicy(depth: depth)), on: language)
      #expect(transcript.depths == [Int](repeating: 4, count: 24))
    }
  }

  /// Depths that change from token to token, deep ones after shallow ones.
  @Test func everyTokenMayHaveADepthOfItsOwn() throws {
    let language = try TinyLanguage.make()
    let depths = [4, 1, 3, 4, 2, 2, 4, 1, 1, 4, 3, 1]
    let policy = ScriptedPolicy { depths[$0] }
    let transcript = try Transcript(request(policy, maximumTokens: 12), on: language)
    #expect(transcript.depths == depths)
    #expect(steps(transcript) == (try greedyAnswer(language, count: 12) { depths[min($0, 11)] }))
    #expect(transcript.summary?.depthCounts == [1: 4, 2: 2, 3: 2, 4: 4])
    #expect(transcript.summary?.meanDepth == Double(depths.reduce(0, +)) / 12)
    // The confidence is that of the exit where the token left, or of the last one that it passed.
    #expect(transcript.tokens.map(\.confidence) == [nil] + depths.dropFirst().map { $0 < 4 ? 0.5 : 0.25 })
    #expect(policy.tokens == Array(1...11))
  }

  /// The shallow answer differs from the full one, or the tests above would show nothing.
  @Test func depthMatters() throws {
    let language = try TinyLanguage.make()
    let shallow = try Transcript(request(FixedDepthPolicy(depth: 1)), on: language)
    let full = try Transcript(request(FixedDepthPolicy(depth: 4)), on: language)
    #expect(shallow.ids != full.ids)
  }

  @Test func aPolicyIsShownTheStateAtItsExitsInOrder() throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy(exits: [1, 3]) { _ in .proceed(confidence: nil) }
    let transcript = try Transcript(request(policy, maximumTokens: 4), on: language)
    #expect(policy.questions.map(\.depth) == [1, 3, 1, 3, 1, 3])
    #expect(policy.questions.map(\.tokenIndex) == [1, 1, 2, 2, 3, 3])

    let session = try InferenceSession(model: language.model, capacity: 8)
    for token in prompt {
      try session.begin([token])
      session.advance(to: 4)
      session.commitFull()
    }
    for (index, token) in transcript.ids[..<3].enumerated() {
      try session.begin([token])
      session.advance(to: 1)
      let first = Array(session.hidden)
      session.advance(to: 3)
      let third = Array(session.hidden)
      session.advance(to: 4)
      session.commitFull()
      let questions = policy.questions[2 * index...2 * index + 1].map { [$0.hidden, $0.previousHidden] }
      // The first exit that is asked has nothing before it, even after other tokens.
      let isRight = questions == [[first, nil], [third, first]]
      #expect(isRight, "token \(index)")
    }
  }

  /// Logits cost a head, so none is computed at an exit whose policy does not ask. A policy that writes into the
  /// buffer of logits sees its mark again at the next exit if nothing was computed in between.
  @Test func logitsAreComputedOnlyWhenAskedFor() throws {
    let language = try TinyLanguage.make()
    nonisolated(unsafe) var buffer: UnsafeMutablePointer<Float>?
    nonisolated(unsafe) var wasComputed: [Bool] = []
    let mark: Float = 12_345
    let policy = ScriptedPolicy { observation in
      if let buffer {
        // The previous question's mark, unless the head has run since.
        wasComputed.append(buffer[0] != mark)
        buffer[0] = mark
      }
      if observation.tokenIndex == 1 && observation.depth == 2 {
        buffer = UnsafeMutablePointer(mutating: observation.logits.baseAddress)
        buffer?[0] = mark
        // Asking again computes nothing.
        wasComputed.append(observation.logits[0] != mark)
      }
      return .proceed(confidence: nil)
    }
    _ = try Transcript(request(policy, maximumTokens: 3), on: language)
    // Asked again at exit 2; not at exit 3; not at the exits of token 2. What the sampler looks at lies elsewhere.
    #expect(wasComputed == [false, false, false, false, false])
  }

  /// A policy that has asked for the logits where the token leaves has paid the head: its logits choose the token.
  @Test func theLogitsThatAPolicySawAreTheOnesThatChoose() throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy { observation in
      // A mark that a second head would overwrite: "z" is not among the letters that the model says.
      UnsafeMutablePointer(mutating: observation.logits.baseAddress)?[Int(UInt8(ascii: "z"))] = 1e6
      return observation.depth == 2 ? .exit(confidence: 1) : .proceed(confidence: 0)
    }
    let transcript = try Transcript(request(policy, maximumTokens: 5), on: language)
    #expect(transcript.text.dropFirst() == "zzzz")
    #expect(transcript.depths == [4, 2, 2, 2, 2])
  }

  /// Logits that were asked for at one exit are not taken for those of the next.
  @Test func logitsOfAPassedExitDoNotChoose() throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy { observation in
      guard observation.depth == 1 else { return .exit(confidence: nil) }
      UnsafeMutablePointer(mutating: observation.logits.baseAddress)?[Int(UInt8(ascii: "z"))] = 1e6
      return .proceed(confidence: nil)
    }
    let transcript = try Transcript(request(policy), on: language)
    #expect(steps(transcript) == (try greedyAnswer(language, count: 24) { _ in 2 }))
  }

  /// Sub-model n: what a model without the further layers says.
  @Test(arguments: 1...4)
  func aMaximumExitIsTheSubModel(exit: Int) throws {
    let (full, prefix) = (try TinyLanguage.make(), try TinyLanguage.make(layers: exit))
    let request = GenerationRequest(prompt: prompt, maximumTokens: 24, topLogprobs: 20)
    var limited = request
    limited.maximumExit = exit
    let (found, expected) = (try Transcript(limited, on: full), try Transcript(request, on: prefix))
    #expect(found.ids == expected.ids)
    #expect(found.tokens.map(\.topLogprobs) == expected.tokens.map(\.topLogprobs))
    #expect(found.depths == [Int](repeating: exit, count: 24))
    #expect(prefix.layerCount == exit && prefix.exits == Array(1...exit))
  }

  /// Exits at or beyond the limit have nothing to decide; the first token's depth is the limit.
  @Test func aMaximumExitLimitsAPolicy() throws {
    let language = try TinyLanguage.make()
    let policy = ScriptedPolicy { _ in .proceed(confidence: nil) }
    let transcript = try Transcript(request(policy, maximumTokens: 6, maximumExit: 2), on: language)
    #expect(transcript.depths == [2, 2, 2, 2, 2, 2])
    #expect(policy.questions.allSatisfy { $0.depth == 1 })
    let shallow = try Transcript(
      request(FixedDepthPolicy(depth: 1), maximumTokens: 3, maximumExit: 3), on: language)
    #expect(shallow.depths == [3, 1, 1])
  }

  @Test func theFullModeAsksNoPolicy() throws {
    let policy = ScriptedPolicy { _ in .exit(confidence: 1) }
    var request = try request(policy, maximumTokens: 4)
    request.decoding = .full
    #expect(try Transcript(request, on: TinyLanguage.make()).depths == [4, 4, 4, 4])
    #expect(policy.questions.isEmpty)
  }

  /// The package's own threshold policy at its two ends.
  @Test func thresholdsOfZeroAndOfOneAreTheShallowestAndTheFullDepth() throws {
    let language = try TinyLanguage.make()
    for estimator in ExitEstimator.parameterFree {
      let lowest = try ThresholdPolicy(estimator: estimator, exits: [1, 2, 3], thresholds: [0, 0, 0])
      #expect(try Transcript(request(lowest), on: language).depths == [4] + [Int](repeating: 1, count: 23))
      let never = try ThresholdPolicy(estimator: estimator, exits: [1, 2, 3], thresholds: [nil, nil, nil])
      #expect(try Transcript(request(never), on: language).depths == [Int](repeating: 4, count: 24))
    }
  }
}
