import RouterDecoding
import RouterExit
import RouterTestSupport
import Testing

/// Answers checked against full depth.
@Suite(.timeLimit(.minutes(2)))
struct AnswerAuditTests {
  private func audited(
    _ prompt: [Int32], _ answer: [Int32], on model: LanguageModel
  ) throws -> (found: [Bool], pieces: Int) {
    let audit = try AnswerAudit(prompt: prompt, answer: answer, on: model)
    var pieces = 1
    while true {
      if let found = try audit.advance() { return (found, pieces) }
      pieces += 1
    }
  }

  private func ids(_ request: GenerationRequest, on model: LanguageModel) throws -> [Int32] {
    try Transcript(request, on: model).ids
  }

  private func greedy(_ prompt: [Int32], _ limit: Int = 9) -> GenerationRequest {
    GenerationRequest(prompt: prompt, maximumTokens: limit, ignoresEndOfText: true)
  }

  /// The law behind every audit. 300 positions take three batches.
  @Test(arguments: [1, 5, 300])
  func fullDepthAgreesWithItself(length: Int) throws {
    let model = try TinyLanguage.make(contextLength: 512)
    let prompt: [Int32] = Array("What do you say?".utf8).map(Int32.init)
    let answer = try ids(
      GenerationRequest(prompt: prompt, maximumTokens: length, ignoresEndOfText: true), on: model)
    #expect(answer.count == length)
    let found = try audited(prompt, answer, on: model).found
    #expect(found == [Bool](repeating: true, count: length))
    #expect(AuditedAnswer(agreements: found).loss == 0)
  }

  @Test func tokensThatFullDepthWouldNotChooseAreFound() throws {
    let model = try TinyLanguage.make()
    let prompt: [Int32] = [104, 105]
    let policy = ScriptedPolicy { _ in 1 }
    let answer = try ids(
      GenerationRequest(
        prompt: prompt, maximumTokens: 40, decoding: try .tiny(policy), ignoresEndOfText: true),
      on: model)
    let found = try audited(prompt, answer, on: model).found
    // One token at a time, through another path of the code.
    let expected = try (0..<answer.count).map { index in
      let full = try ids(
        GenerationRequest(prompt: prompt + answer[..<index], maximumTokens: 1, ignoresEndOfText: true),
        on: model)
      return full == [answer[index]]
    }
    #expect(found == expected)
    #expect(expected.contains(false))
    #expect(AuditedAnswer(agreements: found).loss == Double(expected.count { !$0 }) / 40)
  }

  @Test func noPieceOfWorkIsMoreThanALayerOrABatchOfHeads() throws {
    let model = try TinyLanguage.make()
    let prompt = [Int32](repeating: 7, count: 20)
    let answer = [Int32](repeating: 8, count: 40)
    // One batch of 59 rows: it begins, runs 4 layers, 40 heads by sixteens, and ends.
    #expect(try audited(prompt, answer, on: model).pieces == 1 + 4 + 3 + 1)
  }

  @Test func whatTheModelCannotReadIsRefused() throws {
    let model = try TinyLanguage.make()
    #expect(throws: GenerationError.self) { try AnswerAudit(prompt: [], answer: [1], on: model) }
    #expect(throws: GenerationError.self) { try AnswerAudit(prompt: [1], answer: [], on: model) }
    let long = [Int32](repeating: 1, count: 128)
    let overflow = #expect(throws: GenerationError.self) {
      try AnswerAudit(prompt: long, answer: [1, 1], on: model)
    }
    #expect(overflow?.code == .contextOverflow)
    let unknown = #expect(throws: GenerationError.self) { try audited([1], [9999, 1], on: model) }
    #expect(unknown?.code == .invalidRequest)
  }

  // MARK: In the engine

  @Test func theEngineAuditsWhenIdle() async throws {
    let model = try TinyLanguage.make()
    let engine = InferenceEngine(model: model)
    let answer = try ids(
      GenerationRequest(prompt: [72], maximumTokens: 20, ignoresEndOfText: true), on: model)
    #expect(try await engine.audit(answer, to: greedy([72]), by: .disagreement).loss == 0)
    // The engine waits again and serves.
    #expect(try await Transcript(engine.submit(.init(prompt: [1], maximumTokens: 4))).ids.count <= 4)
    #expect(try await eventually { engine.load == (active: 0, queued: 0) })
  }

  /// An answer that is not full depth's, against the one that full depth gives to the same request.
  @Test func answersAreComparedWithFullDepthsOwn() async throws {
    let model = try TinyLanguage.make()
    let engine = InferenceEngine(model: model)
    var asked = greedy([104, 105], 30)
    let full = try ids(asked, on: model)
    asked.decoding = try .tiny(ScriptedPolicy { _ in 1 })
    let answer = try ids(asked, on: model)
    #expect(answer != full)
    let found = try await engine.audit(answer, to: asked, by: .rougeL)
    #expect(found == AuditedAnswer(loss: TokenDistance.rouge(full, answer), tokenCount: 30))
    #expect(found.loss > 0)
    #expect(try await engine.audit(full, to: asked, by: .rougeL).loss == 0)
    // A limit of tokens is part of what was asked.
    asked.maximumTokens = 5
    #expect(try await engine.audit(Array(full.prefix(5)), to: asked, by: .rougeL).loss == 0)
  }

  @Test func aLossThatNeedsAnExpectedAnswerIsRefused() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make())
    let error = await #expect(throws: GenerationError.self) {
      try await engine.audit([3], to: greedy([104, 105]), by: .exactMatch)
    }
    #expect(error?.code == .invalidRequest && error?.parameter == "metric")
  }

  /// The end-of-text token is part of both answers, as in calibration.
  @Test func anAnswerThatEndsIsComparedWithItsEnd() async throws {
    let model = try TinyLanguage.make(endOfGeneration: [100, 104])
    var asked = greedy([104, 105], 60)
    asked.ignoresEndOfText = false
    let transcript = try Transcript(asked, on: model)
    let end = try #require(transcript.summary?.endOfText, "the answer ends by itself")
    let engine = InferenceEngine(model: model)
    let whole = transcript.ids + [end.id]
    #expect(try await engine.audit(whole, to: asked, by: .rougeL).loss == 0)
    let short = try await engine.audit(transcript.ids, to: asked, by: .rougeL)
    #expect(short.loss == TokenDistance.rouge(whole, transcript.ids) && short.loss > 0)
  }

  /// While a request is held, the audit does not even begin; it ends after the request has.
  @Test func anAuditWaitsForEveryRequest() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let policy = ScriptedPolicy("a", exits: [1]) { _ in
      log.note("step")
      gate.pass()
      return .exit(confidence: nil)
    }
    let request = GenerationRequest(
      prompt: [104], maximumTokens: 6, decoding: try .tiny(policy), ignoresEndOfText: true)
    let streams = [try engine.submit(request), try engine.submit(request)]
    #expect(try await gate.reached())
    async let audit = engine.audit([2, 3], to: greedy([1]), by: .disagreement)
    #expect(try await eventually { engine.waitingAudits == 1 })
    gate.open()
    _ = try await audit
    #expect(log.entries.count == 10)
    for stream in streams { #expect(try await Transcript(stream).ids.count == 6) }
  }

  @Test func tooManyAuditsAreRefused() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let gate = Gate()
    let policy = ScriptedPolicy("a", exits: [1]) { _ in
      gate.pass()
      return .exit(confidence: nil)
    }
    let held = try engine.submit(
      GenerationRequest(prompt: [104], maximumTokens: 3, decoding: try .tiny(policy), ignoresEndOfText: true))
    #expect(try await gate.reached())
    let codes = await withTaskGroup(of: GenerationError.Code?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do throws(GenerationError) {
            _ = try await engine.audit([2], to: greedy([1]), by: .disagreement)
            return nil
          } catch {
            return error.code
          }
        }
      }
      // Sixteen wait, so four are refused at once; then the gate opens.
      var codes: [GenerationError.Code?] = []
      for await code in group {
        codes.append(code)
        if codes.count == 4 { gate.open() }
      }
      return codes
    }
    #expect(codes.prefix(4).allSatisfy { $0 == .overloaded })
    #expect(codes.dropFirst(4).allSatisfy { $0 == nil } && codes.count == 20)
    _ = try await Transcript(held)
  }

  @Test func nobodyWaitsForAnAuditOfAnEngineThatEnds() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(contextLength: 4096))
    await engine.shutDown(grace: .zero)
    let error = await #expect(throws: GenerationError.self) {
      try await engine.audit([2], to: greedy([1]), by: .disagreement)
    }
    #expect(error?.code == .shuttingDown)
  }

  @Test func aCancelledAuditIsGivenUp() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(contextLength: 4096))
    let long = [Int32](repeating: 1, count: 3000)
    let task = Task { try await engine.audit(long, to: greedy([1]), by: .disagreement) }
    task.cancel()
    let error = await #expect(throws: GenerationError.self) { try await task.value }
    #expect(error?.code == .shuttingDown)
    // The next one is served.
    #expect(try await engine.audit([2], to: greedy([1]), by: .disagreement).tokenCount == 1)
  }
}
