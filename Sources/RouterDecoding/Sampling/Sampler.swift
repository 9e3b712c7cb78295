import Foundation
import RouterExit
import RouterRandom

/// Chooses tokens from logits; the state is the random numbers of one sequence.
package struct Sampler {
  let options: SamplingOptions
  /// The seed in use, given or drawn.
  package let seed: UInt64
  private var random: SplitMix64
  private var candidates: [Candidate] = []

  private struct Candidate {
    let id: Int32
    let weight: Float
  }

  /// Starts a sequence's random numbers.
  package init(_ options: SamplingOptions, seed: UInt64? = nil) {
    self.options = options
    self.seed = seed ?? options.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    random = SplitMix64(seed: self.seed)
  }

  /// Chooses one token.
  ///
  /// - Parameters:
  ///   - logits: f32 `[V]`; changed during the call, as before after it.
  ///   - history: ids of the sequence so far.
  /// - Throws: ``GenerationError`` `internalFailure` if a logit is not a finite number.
  package mutating func choose(
    from logits: UnsafeMutableBufferPointer<Float>, history: some Sequence<Int32>
  ) throws(GenerationError) -> Int32 {
    let originals = options.repetitionPenalty == 1 ? [] : penalise(logits, history)
    defer { for (id, value) in originals { logits[id] = value } }
    guard let index = SoftmaxStatistics.argmax(UnsafeBufferPointer(logits)) else {
      throw GenerationError(
        .internalFailure, "the model gave a logit that is not finite",
        remedy: "Check the model with `router inspect --verify`.")
    }
    if options.temperature == 0 || options.topK == 1 { return Int32(index) }
    return draw(logits, top: logits[index])
  }

  /// Applies the repetition penalty and returns what the logits were before.
  private func penalise(
    _ logits: UnsafeMutableBufferPointer<Float>, _ history: some Sequence<Int32>
  ) -> [(id: Int, value: Float)] {
    Set(history).compactMap { token in
      let id = Int(token)
      guard logits.indices.contains(id) else { return nil }
      let value = logits[id]
      logits[id] = value > 0 ? value / options.repetitionPenalty : value * options.repetitionPenalty
      return (id, value)
    }
  }

  /// Draws from the softmax at the set temperature, restricted by top-k, top-p and min-p.
  private mutating func draw(_ logits: UnsafeMutableBufferPointer<Float>, top: Float) -> Int32 {
    let inverse = 1 / max(options.temperature, 1e-4)
    candidates.removeAll(keepingCapacity: true)
    // Relative to the most probable token, whose weight is 1; what underflows to 0 can never be drawn.
    let floor = max(options.minP ?? 0, 0)
    for i in 0..<logits.count {
      let weight = exp((logits[i] - top) * inverse)
      if weight > 0 && (weight >= floor || options.topP != nil || options.topK != nil) {
        candidates.append(Candidate(id: Int32(i), weight: weight))
      }
    }
    restrict(minimumWeight: floor)
    var total = 0.0
    for candidate in candidates { total += Double(candidate.weight) }
    var remaining = random.unit() * total
    for candidate in candidates {
      remaining -= Double(candidate.weight)
      if remaining < 0 { return candidate.id }
    }
    // Rounding can leave a last crumb: it belongs to the last candidate.
    return candidates.last?.id ?? 0
  }

  private mutating func restrict(minimumWeight: Float) {
    if let topK = options.topK, topK < candidates.count {
      sortLargest(topK)
      candidates.removeLast(candidates.count - topK)
    }
    if let topP = options.topP, topP < 1 {
      var total = 0.0
      for candidate in candidates { total += Double(candidate.weight) }
      keepNucleus(mass: Double(topP) * total)
    }
    if minimumWeight > 0 { candidates.removeAll { $0.weight < minimumWeight } }
  }

  /// Keeps the fewest largest candidates whose weights reach `mass`, at least one.
  private mutating func keepNucleus(mass: Double) {
    var sorted = 64
    while true {
      sortLargest(min(sorted, candidates.count))
      var sum = 0.0
      for (index, candidate) in candidates.prefix(sorted).enumerated() {
        sum += Double(candidate.weight)
        if sum >= mass {
          candidates.removeLast(candidates.count - index - 1)
          return
        }
      }
      if sorted >= candidates.count { return }
      sorted *= 8
    }
  }

  /// Moves the `count` largest candidates to the front, in descending order, ties by id.
  ///
  /// - Complexity: O(V + k log k) on average: a threshold from a sample of weights spares most of the sort.
  private mutating func sortLargest(_ count: Int) {
    func before(_ a: Candidate, _ b: Candidate) -> Bool {
      a.weight != b.weight ? a.weight > b.weight : a.id < b.id
    }
    if count * 4 < candidates.count {
      // A weight that at least `count` candidates reach: found by lowering an estimate.
      var threshold: Float = 1
      var reached = 0
      while reached < count && threshold > 0 {
        threshold /= 4
        reached = candidates.count { $0.weight >= threshold }
      }
      let split = candidates.partition { $0.weight < threshold }
      candidates[..<split].sort(by: before)
    } else {
      candidates.sort(by: before)
    }
  }
}
