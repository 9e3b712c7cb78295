import RouterModel
import RouterTensor

/// One row of a benchmark: a phase on one model, number of threads and depth.
package struct BenchmarkResult: Sendable {
  package let phase: BenchmarkPhase
  /// Encoding of the weights.
  package let weights: String
  package let threads: Int
  package let depth: Int
  package let head: BenchmarkHead
  /// What the screen of the head did; nil for a whole head.
  package let screen: Screen?
  package let work: PhaseWork
  /// Seconds of the whole phase.
  package let seconds: Sample
  package let layerSeconds: Sample
  package let headSeconds: Sample
  /// What the machine needs at least.
  package let limit: Limit

  /// The least time that the machine needs for the work, and what sets it.
  package struct Limit: Sendable, Encodable {
    package enum Cause: String, Sendable, Encodable { case memory, arithmetic }
    package let cause: Cause
    package let seconds: Double
  }

  /// What the screen of a head saved.
  package struct Screen: Sendable, Encodable {
    /// Share of the tokens for which it could not tell, 0 ... 1.
    package let fallbackRate: Double
    /// Rows of the head whose exact logits a token needed, on average.
    package let rescoredRows: Double

    private enum CodingKeys: String, CodingKey {
      case fallbackRate = "fallback_rate"
      case rescoredRows = "rescored_rows"
    }
  }

  /// - Parameters:
  ///   - model: on the threads that were used, its screen made if `head` is screened.
  ///   - weights: how its weights are encoded, in words.
  package init(
    phase: BenchmarkPhase, weights: String, depth: Int, head: BenchmarkHead, model: LlamaModel,
    timings: [PhaseTiming], rates: MachineLimits.Rates
  ) {
    self.phase = phase
    self.weights = weights
    self.depth = depth
    self.head = head
    threads = model.matmul.team.threadCount
    let screened = timings.reduce(0) { $0 + $1.screened }
    let asked = screened + timings.reduce(0) { $0 + $1.fallbacks }
    let tokens = Double(max(1, phase.tokens * timings.count))
    var headByteCount: Double?
    if head == .screened, asked > 0 {
      let rescored = Double(timings.reduce(0) { $0 + $1.rescoredRows })
      screen = Screen(
        fallbackRate: Double(asked - screened) / Double(asked),
        rescoredRows: rescored / Double(max(1, screened)))
      let whole = Double(model.weights.head.byteCount)
      let rowByteCount = whole / Double(model.weights.head.rows)
      headByteCount =
        (Double(asked) * Double(model.headScreen.counters.byteCount) + rescored * rowByteCount
          + (tokens - Double(screened)) * whole) / tokens
    } else {
      screen = nil
    }
    work = PhaseWork(phase, depth: depth, model: model, headByteCount: headByteCount)
    seconds = Sample(timings.map(\.total))
    layerSeconds = Sample(timings.map(\.layers))
    headSeconds = Sample(timings.map(\.head))
    let least = work.seconds(rates)
    limit =
      least.memory >= least.arithmetic
      ? Limit(cause: .memory, seconds: least.memory) : Limit(cause: .arithmetic, seconds: least.arithmetic)
  }

  /// Layers that a token runs, on average.
  package var meanDepth: Double { phase.meanDepth(of: depth) }
  package var tokensPerSecond: Sample { seconds.map { Double(phase.tokens) / $0 } }
  /// The least time over the measured one. Above 1 where weights stay in a cache, which the limit does not know.
  package var shareOfLimit: Double { seconds.median > 0 ? limit.seconds / seconds.median : 0 }
  package var bytesPerToken: Double { work.bytes / Double(phase.tokens) }
  package var operationsPerToken: Double {
    (work.int8Operations + work.f32Operations) / Double(phase.tokens)
  }
}

extension BenchmarkResult: Encodable {
  private enum CodingKeys: String, CodingKey {
    case name, weights, threads, depth, head, screen, tokens, context, seconds, limit
    case tokensPerSecond = "tokens_per_second"
    case layerSeconds = "layer_seconds"
    case headSeconds = "head_seconds"
    case bytesPerToken = "bytes_per_token"
    case operationsPerToken = "operations_per_token"
    case meanDepth = "mean_depth"
    case shareOfLimit = "share_of_limit"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(phase.name, forKey: .name)
    try container.encode(weights, forKey: .weights)
    try container.encode(threads, forKey: .threads)
    try container.encode(depth, forKey: .depth)
    try container.encode(meanDepth, forKey: .meanDepth)
    try container.encode(head, forKey: .head)
    try container.encodeIfPresent(screen, forKey: .screen)
    try container.encode(phase.tokens, forKey: .tokens)
    try container.encode(phase.context, forKey: .context)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(layerSeconds, forKey: .layerSeconds)
    try container.encode(headSeconds, forKey: .headSeconds)
    try container.encode(tokensPerSecond, forKey: .tokensPerSecond)
    try container.encode(bytesPerToken, forKey: .bytesPerToken)
    try container.encode(operationsPerToken, forKey: .operationsPerToken)
    try container.encode(limit, forKey: .limit)
    try container.encode(shareOfLimit, forKey: .shareOfLimit)
  }
}
