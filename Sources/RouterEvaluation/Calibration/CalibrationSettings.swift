import RouterCalibration
import RouterDecoding
import RouterExit

/// What a calibration is to prove or to meet, and how much it may spend.
package struct CalibrationSettings: Sendable {
  /// What the policy is chosen for.
  package enum Goal: Sendable, Equatable {
    /// The least time at an expected loss per prompt of at most this, which is certified.
    case risk(Double)
    /// The least loss at this mean number of layers per token, which is measured.
    case layers(Double)
    /// The least loss at this speed by the cost model, which is measured.
    case tokensPerSecond(Double)
  }

  /// What a path of thresholds saves.
  package enum Objective: String, Sendable, CaseIterable {
    /// Time by the machine's cost model: heads and decisions count.
    case seconds
    /// Layers alone, as the literature counts; it may cost time.
    case layers
  }

  /// What is compared; a single one is not compared with anything but full depth.
  package var candidates: [Candidate]
  package var goal: Goal
  package var metric: LossMetric
  /// The tolerated probability that the promise is wrong.
  package var delta = 0.05
  /// New tokens of an answer at most.
  package var maximumTokens = 64
  /// Prompts used at most; nil for all.
  package var promptLimit: Int?
  package var seed: UInt64 = 1
  /// CALM's decay of the threshold, if wanted.
  package var decay: ThresholdDecay?
  package var objective = Objective.seconds
  /// How many sequences are decoded together where time is to be saved; of several loads, each counts alike.
  package var clients = [1]
  /// Depths at which thresholds may let tokens go; nil for all.
  package var exits: Set<Int>?
  /// What tokens leave in skipped layers; the promise holds for it alone.
  package var keyValues = KeyValueMode.propagate
  /// How the model's keys and values are held; the promise holds for it alone.
  package var keyValueType = KeyValueType.f16
  package var answerRule = AnswerRule.contains
  /// Points of a path that may be tested; each costs an answer to every certifying prompt.
  package var maximumPoints = 8
  /// Candidates that may be tested, the fastest on trial first: their levels add up to delta.
  package var finalists = 2
  /// Pilot prompts on which candidates are tried, twice as many in all, before some are tested.
  package var trialPrompts = 16

  package init(candidates: [Candidate], goal: Goal, metric: LossMetric) {
    self.candidates = candidates
    self.goal = goal
    self.metric = metric
  }

  /// epsilon of the goal; for a budget, the risk at which an exit's worth is stated.
  package var risk: Double {
    if case .risk(let risk) = goal { risk } else { 0.1 }
  }

  /// How many candidates are tested, which share delta.
  package var finalistCount: Int { max(1, min(finalists, candidates.count)) }

  /// Whether something learns from hidden states.
  var trains: Bool { !learnedKinds.isEmpty }

  /// What is trained, each once.
  var learnedKinds: [LearnedEstimator.Kind] {
    LearnedEstimator.Kind.allCases.filter { kind in candidates.contains { $0.learned == kind } }
  }

  /// Has the full head asked where the narrow one would be: the model has none.
  mutating func useFullHead() {
    var known: Set<Candidate> = []
    candidates = candidates.map(\.withFullHead).filter { known.insert($0).inserted }
  }

  /// How `count` prompts are dealt out: a third to learn and to choose the path, a sixth to look at the result
  /// with fresh eyes, the rest to certify; the first two parts shrink before the guarantee becomes impossible.
  ///
  /// - Throws: `CalibrationError` saying how many prompts are needed, if there are too few.
  package func split(of count: Int) throws -> PromptSplit {
    let used = min(count, promptLimit ?? count)
    var needed = 1
    if case .risk(let risk) = goal {
      needed = metric.preferredTest.minimumPromptCount(risk: risk, delta: delta / Double(finalistCount))
    }
    // Learning takes two prompts at least, as one of them is left out at a time.
    let spare = max(trains ? 3 : 2, used - needed)
    let pilot = min(max(trains ? 2 : 1, used / 3), max(1, spare * 2 / 3))
    let heldOut = min(max(1, used / 6), max(1, spare - pilot))
    return try PromptSplit(
      promptCount: count, pilot: pilot, heldOut: heldOut, certifyingLimit: used - pilot - heldOut,
      needed: needed, seed: seed)
  }

  /// One text for all of them, which names a trace file.
  package var traceKey: String {
    traceSettings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// Everything that changes what a trace would show, by name.
  var traceSettings: [String: String] {
    var settings: [String: String] = [
      "candidates": candidates.map(\.rawValue).joined(separator: " "), "goal": "\(goal)",
      "metric": metric.rawValue, "delta": "\(delta)", "max-tokens": "\(maximumTokens)",
      "prompts": promptLimit.map(String.init) ?? "all", "seed": "\(seed)",
      "decay": decay.map { "\($0.tau)/\($0.length)" } ?? "none", "objective": objective.rawValue,
      "kv": keyValues.rawValue,
      "exits": exits.map { $0.sorted().map(String.init).joined(separator: " ") } ?? "all",
      "answer-rule": answerRule.rawValue, "points": "\(maximumPoints)", "finalists": "\(finalistCount)",
      "trial": "\(trialPrompts)", "disagreement": "full depth after the same tokens",
    ]
    // Traces for one client have always been without them.
    if clients != [1] { settings["clients"] = clients.map(String.init).joined(separator: " ") }
    // Traces of f16 have always been without it.
    if keyValueType != .f16 { settings["kv-type"] = keyValueType.rawValue }
    return settings
  }
}
