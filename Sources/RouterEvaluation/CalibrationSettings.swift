import RouterCalibration
import RouterExit

/// What a calibration is to prove, and how much it may spend.
package struct CalibrationSettings: Sendable {
  /// Which exits of the model a policy may use.
  package enum ExitSelection: String, Sendable, CaseIterable {
    /// Those that pay; if none does, those at which some pilot token leaves.
    case auto
    /// Those at which some pilot token leaves.
    case used
    /// Those that save more than their heads cost on the pilot prompts.
    case paying
    /// All of the model's.
    case all
  }

  package var estimator: ExitEstimator
  package var metric: LossMetric
  /// epsilon: the expected loss per prompt that is tolerated.
  package var risk: Double
  /// The tolerated probability that the promise is wrong.
  package var delta: Double
  /// New tokens of an answer at most.
  package var maximumTokens: Int
  /// Prompts used at most; nil for all.
  package var promptLimit: Int?
  package var seed: UInt64
  /// CALM's decay of the threshold, if wanted.
  package var decay: ThresholdDecay?
  package var selection: ExitSelection
  package var answerRule: AnswerRule
  /// Points that the path may have; each costs an answer to every certifying prompt.
  package var maximumPoints = 8

  package init(
    estimator: ExitEstimator, metric: LossMetric, risk: Double, delta: Double, maximumTokens: Int,
    promptLimit: Int?, seed: UInt64, decay: ThresholdDecay?, selection: ExitSelection, answerRule: AnswerRule
  ) {
    self.estimator = estimator
    self.metric = metric
    self.risk = risk
    self.delta = delta
    self.maximumTokens = maximumTokens
    self.promptLimit = promptLimit
    self.seed = seed
    self.decay = decay
    self.selection = selection
    self.answerRule = answerRule
  }

  /// How `count` prompts are dealt out: a sixth each to choose the path and to look at the result with fresh
  /// eyes, the rest to certify; the two small parts shrink before the guarantee becomes impossible.
  ///
  /// - Throws: `CalibrationError` saying how many prompts are needed, if there are too few.
  package func split(of count: Int) throws -> PromptSplit {
    let used = min(count, promptLimit ?? count)
    let needed = metric.preferredTest.minimumPromptCount(risk: risk, delta: delta)
    let spare = max(2, used - needed)
    let small = min(max(1, used / 6), max(1, spare / 2))
    return try PromptSplit(
      promptCount: count, pilot: small, heldOut: small, certifyingLimit: used - 2 * small, needed: needed,
      seed: seed)
  }

  /// One text for all of them, which names a trace file.
  package var traceKey: String {
    traceSettings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// Everything that changes what a trace would show, by name.
  var traceSettings: [String: String] {
    [
      "estimator": estimator.name, "metric": metric.rawValue, "risk": "\(risk)", "delta": "\(delta)",
      "max-tokens": "\(maximumTokens)", "prompts": promptLimit.map(String.init) ?? "all", "seed": "\(seed)",
      "decay": decay.map { "\($0.tau)/\($0.length)" } ?? "none", "exits": selection.rawValue,
      "answer-rule": answerRule.rawValue, "points": "\(maximumPoints)",
      "disagreement": "full depth after the same tokens",
    ]
  }
}
