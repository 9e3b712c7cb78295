import Logging
import RouterCalibration
import RouterDecoding
import RouterExit
import RouterServer
import Testing

struct GuaranteeMonitorTests {
  private func watch(_ reaction: AlarmReaction = .none, queueLimit: Int = 4) -> GuaranteeMonitor {
    GuaranteeMonitor(share: 1, reaction: reaction, queueLimit: queueLimit, logger: .silent)
  }

  private func request(
    sampling: SamplingOptions = .greedy, maximumExit: Int? = nil
  ) -> GenerationRequest {
    GenerationRequest(
      prompt: [1, 2], maximumTokens: 9, sampling: sampling, maximumExit: maximumExit)
  }

  // MARK: What is audited

  @Test func aGreedyAnswerIsAuditedAsFarAsThePromiseGoes() throws {
    let whole = try AuditCandidate(policy: "a", request: request(), ids: [3, 4, 5], guarantee: nil)
    #expect(whole.request.prompt == [1, 2] && whole.answer == [3, 4, 5] && whole.request.maximumTokens == 9)
    let promise = try PolicyGuarantee.promise(risk: 0.1, maximumTokens: 2)
    let cut = try AuditCandidate(policy: "a", request: request(), ids: [3, 4, 5], guarantee: promise)
    #expect(cut.answer == [3, 4] && cut.request.maximumTokens == 2)
    let only = try SamplingOptions(temperature: 0.9, topK: 1)
    #expect(throws: Never.self) {
      try AuditCandidate(policy: "a", request: request(sampling: only), ids: [3], guarantee: nil)
    }
  }

  @Test func whatShowsNothingIsNotAudited() throws {
    let warm = try SamplingOptions(temperature: 0.5, seed: 1)
    let penalised = try SamplingOptions(temperature: 0, repetitionPenalty: 1.1)
    let cases: [(GenerationRequest, [Int32], AuditCandidate.Unfit)] = [
      (request(sampling: warm), [3], .sampled), (request(sampling: penalised), [3], .sampled),
      (request(maximumExit: 15), [3], .limitedDepth), (request(), [], .empty),
    ]
    let watch = watch()
    for (request, ids, reason) in cases {
      #expect(throws: reason) {
        try AuditCandidate(policy: "a", request: request, ids: ids, guarantee: nil)
      }
      watch.offer(request, ids: ids, policy: "a", guarantee: nil)
    }
    #expect(watch.report.counts.unfit == [.sampled: 2, .limitedDepth: 1, .empty: 1])
    #expect(watch.report.counts.pending == 0)
  }

  @Test func aFullQueueLetsAnswersGo() {
    let watch = watch(queueLimit: 2)
    for _ in 0..<5 { watch.offer(request(), ids: [3], policy: "a", guarantee: nil) }
    #expect(watch.report.counts.pending == 2)
    #expect(watch.report.counts.dropped == 3)
  }

  // MARK: What follows

  private func run(
    _ watch: GuaranteeMonitor, guarantee: PolicyGuarantee?, agreements: [Bool], times: Int
  ) throws {
    let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: nil)
    for _ in 0..<times {
      watch.offer(request(), ids: [3], policy: "a", guarantee: guarantee)
      watch.record(AuditedAnswer(agreements: agreements), of: candidate)
    }
  }

  @Test func aKeptPromiseRaisesNoAlarm() throws {
    let watch = watch(.run(.full))
    try run(
      watch, guarantee: .promise(risk: 0.5), agreements: [true, true, true, false], times: 100)
    let standing = try #require(watch.report.standings["a"])
    #expect(!standing.isBroken)
    #expect(standing.losses.mean == 0.25)
    #expect(standing.tokenCount == 400)
    #expect(watch.fallbacks.isEmpty)
  }

  @Test(arguments: [AlarmReaction.none, .run(.full)])
  func aBrokenPromiseStaysBroken(reaction: AlarmReaction) throws {
    let watch = watch(reaction)
    let promise = try PolicyGuarantee.promise(risk: 0.05)
    try run(watch, guarantee: promise, agreements: [true, false], times: 30)
    let standing = try #require(watch.report.standings["a"])
    #expect(standing.isBroken)
    #expect(standing.losses.interval.lowerBound >= 0.05)
    #expect(watch.fallbacks == (reaction == .none ? [:] : ["a": .full]))
    // Better days do not mend it.
    try run(watch, guarantee: promise, agreements: [true, true], times: 300)
    #expect(watch.report.standings["a"]?.isBroken == true)
  }

  @Test func answersAreComparedByThePromisesLoss() throws {
    let cases: [(String, LossMetric)] = [
      ("disagreement", .disagreement), ("rouge-l", .rougeL), ("exact-match", .disagreement),
    ]
    for (name, metric) in cases {
      let promise = try PolicyGuarantee.promise(risk: 0.05, metric: name)
      let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: promise)
      #expect(candidate.metric == metric && AuditedPolicy(guarantee: promise).metric == metric)
      let watch = watch(.run(.full))
      try run(watch, guarantee: promise, agreements: [false], times: 30)
      #expect(watch.fallbacks.isEmpty == (name == "exact-match"), "\(name)")
    }
  }

  @Test func onlyAPromiseThatAuditsCanMeasureCanBeBroken() throws {
    for guarantee in [nil, try PolicyGuarantee.promise(risk: 0.05, metric: "exact-match")] {
      let watch = watch(.run(.full))
      try run(watch, guarantee: guarantee, agreements: [false], times: 30)
      #expect(watch.report.standings["a"]?.promise == nil)
      #expect(watch.report.standings["a"]?.losses.mean == 1)
      #expect(watch.fallbacks.isEmpty)
    }
  }

  @Test func anAuditThatFailsIsCounted() throws {
    let watch = watch()
    let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: nil)
    for code in [GenerationError.Code.overloaded, .shuttingDown] {
      watch.offer(request(), ids: [3], policy: "a", guarantee: nil)
      watch.recordFailure(GenerationError(code, "no", remedy: ""), of: candidate)
    }
    #expect(watch.report.counts.dropped == 1 && watch.report.counts.failed == 1)
    #expect(watch.report.counts.pending == 0)
  }
}
