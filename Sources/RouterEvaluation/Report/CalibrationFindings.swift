import RouterExit

/// What a calibration found, as its report shows it: numbers and texts, ready to be drawn.
package struct CalibrationFindings: Sendable {
  /// A tested point of the path.
  package struct Point: Sendable {
    /// What decides there, in words.
    package var rule: String
    /// Mean layers per token; nil without tokens.
    package var meanDepth: Double?
    /// Seconds per token by the cost model; nil without tokens.
    package var seconds: Double?
    /// Tokens a second as measured; nil if none was timed.
    package var tokensPerSecond: Double?
    /// Mean loss of the prompts that were run.
    package var risk: Double
    /// Upper confidence bound of the expected loss.
    package var bound: Double
    package var prompts: Int
    package var passed: Bool

    package init(
      rule: String, meanDepth: Double? = nil, seconds: Double? = nil, tokensPerSecond: Double? = nil,
      risk: Double, bound: Double, prompts: Int, passed: Bool
    ) {
      self.rule = rule
      self.meanDepth = meanDepth
      self.seconds = seconds
      self.tokensPerSecond = tokensPerSecond
      self.risk = risk
      self.bound = bound
      self.prompts = prompts
      self.passed = passed
    }
  }

  /// A way to decide exits that was considered.
  package struct Candidate: Sendable {
    package var name: String
    /// What became of it, in words.
    package var verdict: String
    package var meanDepth: Double?
    /// Mean loss of the prompts it was compared on.
    package var risk: Double?
    /// Measured time over that of full depth on the same prompts; nil if it was not timed.
    package var timeRatio: Double?
    /// Seconds per token by the cost model.
    package var seconds: Double?
    package var isChosen: Bool

    package init(
      name: String, verdict: String, meanDepth: Double? = nil, risk: Double? = nil, timeRatio: Double? = nil,
      seconds: Double? = nil, isChosen: Bool
    ) {
      self.name = name
      self.verdict = verdict
      self.meanDepth = meanDepth
      self.risk = risk
      self.timeRatio = timeRatio
      self.seconds = seconds
      self.isChosen = isChosen
    }
  }

  /// What one exit said along full depth's answers to the pilot prompts.
  package struct Exit: Sendable {
    package var depth: Int
    /// Confidence from which a token leaves here; nil if none does.
    package var threshold: Float?
    /// Where its confidences lay and how often it was right.
    package var bins: [Bin]
    /// Share of tokens where its choice is full depth's.
    package var agreement: Double
    /// The same by the token's place in the answer: one for each of ``positions``.
    package var agreements: [Double?]
    /// How well a learned estimator tells its right choices from its wrong ones; nil for the others.
    package var quality: EstimatorQuality?

    package init(
      depth: Int, threshold: Float? = nil, bins: [Bin], agreement: Double, agreements: [Double?],
      quality: EstimatorQuality? = nil
    ) {
      self.depth = depth
      self.threshold = threshold
      self.bins = bins
      self.agreement = agreement
      self.agreements = agreements
      self.quality = quality
    }
  }

  /// Tokens of similar confidence.
  package struct Bin: Sendable, Equatable {
    /// Mean confidence.
    package var confidence: Double
    /// Share of them where the exit's choice is full depth's.
    package var agreement: Double
    package var tokens: Int

    package init(confidence: Double, agreement: Double, tokens: Int) {
      self.confidence = confidence
      self.agreement = agreement
      self.tokens = tokens
    }
  }

  /// An answer under the policy.
  package struct Example: Sendable {
    package var prompt: String
    package var tokens: [Token]

    package init(prompt: String, tokens: [Token]) {
      self.prompt = prompt
      self.tokens = tokens
    }

    package struct Token: Sendable {
      package var text: String
      package var depth: Int
      /// Whether full depth would have chosen it; nil if that is not known.
      package var agrees: Bool?

      package init(text: String, depth: Int, agrees: Bool? = nil) {
        self.text = text
        self.depth = depth
        self.agrees = agrees
      }
    }
  }

  /// The policy that came out.
  package var policy: PolicyFile
  package var modelName: String
  /// L.
  package var layerCount: Int
  /// The loss per prompt, such as `disagreement`.
  package var metric: String
  /// epsilon that was asked for; nil for a budget.
  package var risk: Double?
  /// Tested points of the leading candidate.
  package var points: [Point] = []
  /// 0-based index of the certified point; nil if none passed.
  package var certified: Int?
  /// Seconds per token at full depth, by the cost model.
  package var fullSeconds: Double
  package var candidates: [Candidate] = []
  /// Estimator whose confidences the exits show; nil if the policy has none.
  package var estimator: String?
  package var exits: [Exit] = []
  /// Places in an answer that agreements are given for: ranges of 0-based token indices.
  package var positions: [Range<Int>] = []
  /// Share of the policy's own tokens that full depth would have chosen, by their place; empty if not known.
  package var policyAgreements: [Double?] = []
  /// Tokens of the policy's answers by the layers that they ran.
  package var depthCounts: [Int: Int] = [:]
  package var examples: [Example] = []
  /// Where everything comes from, as names and values.
  package var facts: [(name: String, value: String)] = []

  /// Starts with what every calibration has.
  package init(
    policy: PolicyFile, modelName: String, layerCount: Int, metric: String, risk: Double?, fullSeconds: Double
  ) {
    self.policy = policy
    self.modelName = modelName
    self.layerCount = layerCount
    self.metric = metric
    self.risk = risk
    self.fullSeconds = fullSeconds
  }
}
