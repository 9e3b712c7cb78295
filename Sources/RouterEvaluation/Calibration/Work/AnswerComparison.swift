import RouterCalibration
import RouterDecoding
import RouterExit

/// What answers cost and lose, under points of paths and beside full depth.
package struct AnswerComparison: Sendable {
  /// A point of a candidate's path.
  package struct Entry: Sendable, Equatable {
    package let plan: PathPlan
    /// 0-based.
    package let point: Int

    package init(plan: PathPlan, point: Int) {
      self.plan = plan
      self.point = point
    }

    package var decoding: TracedDecoding { .point(plan.candidate, point) }
  }

  let metric: LossMetric
  let keyValues: KeyValueMode
  let layerCount: Int
  let costs: CostModel
  /// Positions before a token, on average.
  let context: Double

  /// - Parameter context: positions before a token, on average.
  package init(
    metric: LossMetric, keyValues: KeyValueMode, layerCount: Int, costs: CostModel, context: Double
  ) {
    self.metric = metric
    self.keyValues = keyValues
    self.layerCount = layerCount
    self.costs = costs
    self.context = context
  }

  /// Seconds of one layer.
  var layerSeconds: Double { costs.seconds(layers: 1, rows: 1, context: context) }

  /// Answers of full depth and of some entries to the same prompts, taking turns prompt by prompt, so that whatever
  /// else the machine does slows all of them alike.
  package func turns(_ entries: [Entry], prompts: [Int]) -> [[CalibrationTask]] {
    prompts.enumerated().map { index, prompt in
      [.answer(prompt: prompt, .fullAgain)]
        + entries.indices.map { turn in
          .answer(prompt: prompt, entries[(turn + index) % entries.count].decoding)
        }
    }
  }

  package func loss(_ answer: PromptTrace) -> Double { answer.losses[metric.rawValue] ?? 1 }

  /// Seconds per token of an entry's answers by the cost model; nil without tokens.
  func modelSeconds(_ entry: Entry, depths: [Int]) -> Double? {
    // Depths do not tell which questions a gate let pass, nor which head chose at full depth: the pilot's did.
    if entry.plan.candidate.head == .narrow {
      return entry.plan.points[entry.point].pilotCost * layerSeconds
    }
    return costs.secondsPerToken(
      depths: depths, asked: entry.plan.askedExits(at: entry.point), layerCount: layerCount,
      candidate: entry.plan.candidate, keyValues: keyValues, context: context)
  }

  /// What an entry's answers to some prompts showed, beside full depth's that were made in the same minutes.
  package func figures(_ entry: Entry, prompts: [Int], _ records: TraceRecords) -> AnswerFigures {
    let pairs = prompts.compactMap { prompt in
      records.answer(prompt: prompt, decoding: entry.decoding).map {
        (own: $0, full: records.answer(prompt: prompt, decoding: .fullAgain))
      }
    }
    let depths = pairs.flatMap(\.own.depths)
    let ratios = pairs.compactMap { own, full in
      secondsPerToken(own).flatMap { own in full.flatMap(secondsPerToken).map { own / $0 } }
    }
    let timed = pairs.map(\.own).filter { secondsPerToken($0) != nil }
    let tokens = timed.reduce(0) { $0 + $1.tokens.count - 1 }
    return AnswerFigures(
      point: entry.point, prompts: pairs.count,
      loss: pairs.map { loss($0.own) }.reduce(0, +) / Double(max(pairs.count, 1)),
      meanDepth: Double(depths.reduce(0, +)) / Double(max(depths.count, 1)),
      modelSeconds: modelSeconds(entry, depths: depths) ?? 0,
      seconds: tokens > 0 ? timed.reduce(0) { $0 + $1.seconds } / Double(tokens) : nil,
      timeRatio: ratios.isEmpty ? nil : Sample(ratios).median)
  }

  /// Measured; nil if no token was timed. The first one comes from the prompt.
  private func secondsPerToken(_ answer: PromptTrace) -> Double? {
    answer.tokens.count > 1 && answer.seconds > 0
      ? answer.seconds / Double(answer.tokens.count - 1) : nil
  }
}
