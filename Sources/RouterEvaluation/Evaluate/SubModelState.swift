import Foundation

/// What a sub-model holds at one position: the state that its head reads, and ln of its distribution.
struct SubModelState {
  /// f32 `[D]`
  let state: [Float]
  /// ln p, f32 `[V]`
  let logProbabilities: [Float]

  /// - Parameters:
  ///   - state: f32 `[D]`
  ///   - logits: f32 `[V]`
  init(state: [Float], logits: [Float]) {
    self.state = state
    var logits = logits
    var largest = -Float.infinity
    for value in logits { largest = max(largest, value) }
    var partition = 0.0
    for value in logits { partition += Double(exp(value - largest)) }
    let shift = largest + Float(log(partition))
    for i in logits.indices { logits[i] -= shift }
    logProbabilities = logits
  }

  /// KL(self || other) in nats.
  func divergence(to other: SubModelState) -> Double {
    var sum = 0.0
    logProbabilities.withUnsafeBufferPointer { mine in
      other.logProbabilities.withUnsafeBufferPointer { theirs in
        // exp(-30) of the mass is beyond the sum's precision.
        for i in mine.indices where mine[i] > -30 { sum += Double(exp(mine[i]) * (mine[i] - theirs[i])) }
      }
    }
    return max(0, sum)
  }

  func cosine(to other: SubModelState) -> Double {
    var (dot, first, second) = (0.0, 0.0, 0.0)
    for (a, b) in zip(state, other.state) {
      dot += Double(a) * Double(b)
      first += Double(a) * Double(a)
      second += Double(b) * Double(b)
    }
    let norm = (first * second).squareRoot()
    return norm > 0 ? dot / norm : 0
  }
}
