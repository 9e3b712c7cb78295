internal import RouterCalibration
internal import RouterDecoding
internal import RouterExit
internal import RouterRandom

/// Calibration of a policy of your own: which of its settings is the boldest whose expected loss is provably small.
///
/// The settings are a path of policies from conservative to aggressive, such as one threshold lowered step by step. They
/// are tested one after the other on the same prompts until one fails (learn-then-test with fixed-sequence testing,
/// Angelopoulos et al., arXiv 2110.01052); the last that passed has an expected loss of at most ``risk`` with probability
/// at least 1 - ``delta``, whatever the policy does, for prompts of the same source.
public struct PolicyCalibration: Sendable {
  /// The loss of an answer against full depth.
  public let metric: LossMetric

  /// epsilon, the tolerated expected loss, above 0 and below 1.
  public let risk: Double

  /// The tolerated probability that the guarantee is wrong, above 0 and below 1.
  public let delta: Double

  /// New tokens of an answer at most; the guarantee is about answers of that length.
  public let maximumTokens: Int

  /// What tokens leave in the layers that they skip; the guarantee is about these.
  public let keyValues: KeyValueMode

  /// Order of the prompts, which must be random for the test.
  public let seed: UInt64

  /// Says what is to be guaranteed.
  ///
  /// - Throws: `CalibrationError` `invalidParameter` for a metric that needs right answers, or a length below 1.
  public init(
    metric: LossMetric = .disagreement, risk: Double, delta: Double = 0.05, maximumTokens: Int = 64,
    keyValues: KeyValueMode = .exact, seed: UInt64 = 0
  ) throws(CalibrationError) {
    guard metric.isAuditable else {
      throw CalibrationError(
        code: .invalidParameter, what: "the loss \(metric.rawValue) needs right answers", location: "metric",
        remedy: "Use disagreement or rouge-l, which need the model alone.")
    }
    guard maximumTokens >= 1 else {
      throw CalibrationError(
        code: .invalidParameter, what: "answers have at most \(maximumTokens) tokens",
        location: "maximumTokens", remedy: "Allow at least 1.")
    }
    self.metric = metric
    self.risk = risk
    self.delta = delta
    self.maximumTokens = maximumTokens
    self.keyValues = keyValues
    self.seed = seed
  }

  /// Prompts without which not even answers without any loss would prove the guarantee.
  public var minimumPromptCount: Int { metric.preferredTest.minimumPromptCount(risk: risk, delta: delta) }

  /// Answers the prompts under one policy after the other, until one fails.
  ///
  /// - Parameters:
  ///   - path: policies from conservative to aggressive, chosen without a look at these prompts.
  ///   - prompts: token ids of independent prompts, each at least one.
  ///   - progress: receives the share of the current policy's prompts that are done, and its 0-based index.
  /// - Throws: `CalibrationError` for too few prompts or a parameter out of range, `PolicyError` for a policy whose
  ///   exits the model lacks, `GenerationError` for a prompt that does not fit the model.
  public func calibrate(
    _ path: [any ExitPolicy], on model: LanguageModel, prompts: [[Int32]],
    progress: (Double, Int) -> Void = { _, _ in }
  ) throws -> CalibratedPolicy {
    guard model.identity.loadedLayerCount == model.identity.layerCount else {
      throw CalibrationError(
        code: .invalidParameter,
        what: "only \(model.identity.loadedLayerCount) of \(model.identity.layerCount) layers are loaded",
        location: "model", remedy: "Load all layers: a guarantee is about nearness to full depth.")
    }
    let settings = try TestingSequence.Settings(
      risk: risk, delta: delta, test: metric.preferredTest, promptCount: prompts.count)
    var random = SplitMix64(seed: seed)
    let prompts = prompts.shuffled(using: &random)
    let plans = try path.map { try ExitPlan($0, for: model, keyValues: keyValues) }
    var sequence = TestingSequence(settings: settings, pointCount: plans.count)
    var points: [CalibratedPolicy.Point] = []
    while case .testing(let index) = sequence.state {
      var (losses, depths) = ([Double](), [Int]())
      for prompt in prompts {
        progress(Double(losses.count) / Double(prompts.count), index)
        let (loss, answerDepths) = try measure(prompt, plans[index], on: model)
        losses.append(loss)
        depths += answerDepths
        if try sequence.failsForCertain(lossesSoFar: losses) { break }
      }
      let result = try sequence.record(losses: losses)
      points.append(
        CalibratedPolicy.Point(
          policy: path[index], prompts: result.promptCount, empiricalRisk: result.empiricalRisk,
          bound: result.bound, meanDepth: Double(depths.reduce(0, +)) / Double(max(depths.count, 1)),
          isCertified: result.passed))
    }
    return CalibratedPolicy(points: points, plan: try certified(points, on: model, settings: settings))
  }

  /// The loss of the answer to one prompt, and the depths of its tokens.
  private func measure(
    _ prompt: [Int32], _ plan: ExitPlan, on model: LanguageModel
  ) throws -> (loss: Double, depths: [Int]) {
    var request = GenerationRequest(
      prompt: prompt,
      maximumTokens: try model.limits.maximumTokens(behind: prompt, asked: nil, usual: maximumTokens),
      stopStrings: model.chatStopStrings, decoding: .exit(plan))
    let answer = try GeneratedAnswer(request, on: model)
    request.decoding = .full
    let loss = try AuditedAnswer(answer.idsWithEnd, to: request, by: metric, on: model).loss
    return (loss, answer.depthsWithEnd)
  }

  /// A plan for the last policy that passed, with its guarantee; `nil` if none did.
  private func certified(
    _ points: [CalibratedPolicy.Point], on model: LanguageModel, settings: TestingSequence.Settings
  ) throws -> ExitPlan? {
    guard let last = points.last(where: \.isCertified) else { return nil }
    return try ExitPlan(
      last.policy, for: model.identity, keyValues: keyValues,
      guarantee: PolicyGuarantee(
        metric: metric.rawValue, risk: risk, delta: delta, prompts: settings.promptCount,
        method: "learn-then-test, \(settings.test.rawValue)", bound: last.bound,
        empiricalRisk: last.empiricalRisk, maximumTokens: maximumTokens))
  }
}
