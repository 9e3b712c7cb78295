/// One row of a benchmark: a phase on one model, number of threads and depth.
package struct BenchmarkResult: Sendable {
  package let phase: BenchmarkPhase
  /// Encoding of the weights.
  package let weights: String
  package let threads: Int
  package let depth: Int
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

  init(
    phase: BenchmarkPhase, weights: String, threads: Int, depth: Int, work: PhaseWork, timings: [PhaseTiming],
    rates: MachineLimits.Rates
  ) {
    self.phase = phase
    self.weights = weights
    self.threads = threads
    self.depth = depth
    self.work = work
    seconds = Sample(timings.map(\.total))
    layerSeconds = Sample(timings.map(\.layers))
    headSeconds = Sample(timings.map(\.head))
    let least = work.seconds(rates)
    limit =
      least.memory >= least.arithmetic
      ? Limit(cause: .memory, seconds: least.memory) : Limit(cause: .arithmetic, seconds: least.arithmetic)
  }

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
    case name, weights, threads, depth, tokens, context, seconds, limit
    case tokensPerSecond = "tokens_per_second"
    case layerSeconds = "layer_seconds"
    case headSeconds = "head_seconds"
    case bytesPerToken = "bytes_per_token"
    case operationsPerToken = "operations_per_token"
    case shareOfLimit = "share_of_limit"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(phase.name, forKey: .name)
    try container.encode(weights, forKey: .weights)
    try container.encode(threads, forKey: .threads)
    try container.encode(depth, forKey: .depth)
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
