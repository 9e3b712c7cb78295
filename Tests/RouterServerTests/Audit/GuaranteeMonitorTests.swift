import Logging
import RouterCalibration
import RouterDecoding
import RouterExit
import RouterServer
import Testing

struct GuaranteeMonitorTests {
  private func monitor(_ reaction: AlarmReaction = .none, queueLimit: Int = 4) -> GuaranteeMonitor {
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
    let monitor = monitor()
    for (request, ids, reason) in cases {
      #expect(throws: reason) {
        try AuditCandidate(policy: "a", request: request, ids: ids, guarantee: nil)
      }
      monitor.offer(request, ids: ids, policy: "a", guarantee: nil)
    }
    #expect(monitor.report.counts.unfit == [.sampled: 2, .limitedDepth: 1, .empty: 1])
    #expect(monitor.report.counts.pending == 0)
  }

  @Test func aFullQueueLetsAnswersGo() {
    let monitor = monitor(queueLimit: 2)
    for _ in 0..<5 { monitor.offer(request(), ids: [3], policy: "a", guarantee: nil) }
    #expect(monitor.report.counts.pending == 2)
    #expect(monitor.report.counts.dropped == 3)
  }

  // MARK: What follows

  private func run(
    _ monitor: GuaranteeMonitor, guarantee: PolicyGuarantee?, agreements: [Bool], times: Int
  ) throws {
    let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: nil)
    for _ in 0..<times {
      monitor.offer(request(), ids: [3], policy: "a", guarantee: guarantee)
      monitor.record(AuditedAnswer(agreements: agreements), of: candidate)
    }
  }

  @Test func aKeptPromiseRaisesNoAlarm() throws {
    let monitor = monitor(.run(.full))
    try run(
      monitor, guarantee: .promise(risk: 0.5), agreements: [true, true, true, false], times: 100)
    let audited = try #require(monitor.report.policies["a"])
    #expect(!audited.isBroken)
    #expect(audited.losses.mean == 0.25)
    #expect(audited.tokenCount == 400)
    #expect(monitor.fallbacks.isEmpty)
  }

  @Test(arguments: [AlarmReaction.none, .run(.full)])
  func aBrokenPromiseStaysBroken(reaction: AlarmReaction) throws {
    let monitor = monitor(reaction)
    let promise = try PolicyGuarantee.promise(risk: 0.05)
    try run(monitor, guarantee: promise, agreements: [true, false], times: 30)
    let audited = try #require(monitor.report.policies["a"])
    #expect(audited.isBroken)
    #expect(audited.losses.interval.lowerBound >= 0.05)
    #expect(monitor.fallbacks == (reaction == .none ? [:] : ["a": .full]))
    // Better days do not mend it.
    try run(monitor, guarantee: promise, agreements: [true, true], times: 300)
    #expect(monitor.report.policies["a"]?.isBroken == true)
  }

  @Test func answersAreComparedByThePromisesLoss() throws {
    let cases: [(String, LossMetric)] = [
      ("disagreement", .disagreement), ("rouge-l", .rougeL), ("exact-match", .disagreement),
    ]
    for (name, metric) in cases {
      let promise = try PolicyGuarantee.promise(risk: 0.05, metric: name)
      let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: promise)
      #expect(candidate.metric == metric && AuditedPolicy(guarantee: promise).metric == metric)
      let monitor = monitor(.run(.full))
      try run(monitor, guarantee: promise, agreements: [false], times: 30)
      #expect(monitor.fallbacks.isEmpty == (name == "exact-match"), "\(name)")
    }
  }

  @Test func onlyAPromiseThatAuditsCanMeasureCanBeBroken() throws {
    for guarantee in [nil, try PolicyGuarantee.promise(risk: 0.05, metric: "exact-match")] {
      let monitor = monitor(.run(.full))
      try run(monitor, guarantee: guarantee, agreements: [false], times: 30)
      #expect(monitor.report.policies["a"]?.guarantee == nil)
      #expect(monitor.report.policies["a"]?.losses.mean == 1)
      #expect(monitor.fallbacks.isEmpty)
    }
  }

  @Test func anAuditThatFailsIsCounted() throws {
    let monitor = monitor()
    let candidate = try AuditCandidate(policy: "a", request: request(), ids: [3], guarantee: nil)
    for code in [GenerationError.Code.overloaded, .shuttingDown] {
      monitor.offer(request(), ids: [3], policy: "a", guarantee: nil)
      monitor.recordFailure(GenerationError(code, "no", remedy: ""), of: candidate)
    }
    #expect(monitor.report.counts.dropped == 1 && monitor.report.counts.failed == 1)
    #expect(monitor.report.counts.pending == 0)
  }
}
