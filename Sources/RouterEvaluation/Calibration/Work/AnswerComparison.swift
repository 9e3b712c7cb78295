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
  /// How many sequences are decoded together, at each load that counts.
  let clients: [Int]

  /// - Parameters:
  ///   - context: positions before a token, on average.
  ///   - clients: how many sequences are decoded together, at each load that counts.
  package init(
    metric: LossMetric, keyValues: KeyValueMode, layerCount: Int, costs: CostModel, context: Double,
    clients: [Int] = [1]
  ) {
    self.metric = metric
    self.keyValues = keyValues
    self.layerCount = layerCount
    self.costs = costs
    self.context = context
    self.clients = clients
  }

  /// Seconds of one layer of a token.
  var layerSeconds: Double { costs.layerSeconds(context: context, clients: clients) }

  /// Seconds of a token at full depth by the cost model.
  var fullSeconds: Double { layerSeconds * (Double(layerCount) + tokenCosts(.fixed).argmax) }

  private func tokenCosts(_ candidate: Candidate) -> TokenCosts {
    costs.tokenCosts(
      candidate, keyValues: keyValues, context: context, clients: clients, layerCount: layerCount)
  }

  /// Answers of full depth, of what else is lossless, and of some entries to the same prompts, taking turns prompt by
  /// prompt, so that whatever else the machine does slows all of them alike.
  package func turns(
    _ entries: [Entry], prompts: [Int], beside lossless: [TracedDecoding] = []
  ) -> [[CalibrationTask]] {
    prompts.enumerated().map { index, prompt in
      ([.fullAgain] + lossless).map { .answer(prompt: prompt, $0) }
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
    let cost = CostModel.cost(
      depths: depths, asked: entry.plan.askedExits(at: entry.point), layerCount: layerCount,
      reads: entry.plan.candidate.reads, costs: tokenCosts(entry.plan.candidate))
    return cost.map { $0 * layerSeconds }
  }

  /// What an entry's answers to some prompts showed, beside full depth's that were made in the same minutes.
  package func figures(_ entry: Entry, prompts: [Int], _ records: TraceRecords) -> AnswerFigures {
    let pairs = pairs(entry.decoding, prompts: prompts, records)
    let depths = pairs.flatMap(\.own.depths)
    let timed = pairs.map(\.own).filter { secondsPerToken($0) != nil }
    let tokens = timed.reduce(0) { $0 + $1.tokens.count - 1 }
    let modelSeconds = modelSeconds(entry, depths: depths)
    // Answers are made one by one: what they would take in company, only the cost model says.
    let ratio = clients == [1] ? timeRatio(pairs) : modelSeconds.map { $0 / fullSeconds }
    return AnswerFigures(
      point: entry.point, prompts: pairs.count,
      loss: pairs.map { loss($0.own) }.reduce(0, +) / Double(max(pairs.count, 1)),
      meanDepth: Double(depths.reduce(0, +)) / Double(max(depths.count, 1)),
      modelSeconds: modelSeconds ?? 0,
      seconds: tokens > 0 ? timed.reduce(0) { $0 + $1.seconds } / Double(tokens) : nil,
      timeRatio: ratio)
  }

  /// Seconds of a decoding's answers over full depth's, the median of some prompts; nil if none were timed.
  package func timeRatio(_ decoding: TracedDecoding, prompts: [Int], _ records: TraceRecords) -> Double? {
    timeRatio(pairs(decoding, prompts: prompts, records))
  }

  private func timeRatio(_ pairs: [(own: PromptTrace, full: PromptTrace?)]) -> Double? {
    let ratios = pairs.compactMap { own, full in
      secondsPerToken(own).flatMap { own in full.flatMap(secondsPerToken).map { own / $0 } }
    }
    return ratios.isEmpty ? nil : Sample(ratios).median
  }

  /// Answers to some prompts, and full depth's that were made in the same minutes.
  private func pairs(
    _ decoding: TracedDecoding, prompts: [Int], _ records: TraceRecords
  ) -> [(own: PromptTrace, full: PromptTrace?)] {
    prompts.compactMap { prompt in
      records.answer(prompt: prompt, decoding: decoding).map {
        (own: $0, full: records.answer(prompt: prompt, decoding: .fullAgain))
      }
    }
  }

  /// Measured; nil if no token was timed. The first one comes from the prompt.
  private func secondsPerToken(_ answer: PromptTrace) -> Double? {
    answer.tokens.count > 1 && answer.seconds > 0
      ? answer.seconds / Double(answer.tokens.count - 1) : nil
  }
}
