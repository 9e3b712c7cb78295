import Foundation

/// How far a student's distribution over one row of logits is from what it should be, and its gradient.
///
/// The target is t = a e + (1 - a) p, with e one-hot at a label, a its share and p a teacher's distribution; the
/// gradient of the cross-entropy to t with respect to the student's logits is q - t.
package struct DistributionLoss {
  /// S.
  let count: Int
  /// From this place on, `correction` is added to logits; see ``VocabularySample``.
  let certainCount: Int
  let correction: Float
  /// a, 0 ... 1; at 1 no teacher is needed.
  let labelShare: Float

  package init(count: Int, certainCount: Int, correction: Float, labelShare: Float) {
    self.count = count
    self.certainCount = certainCount
    self.correction = correction
    self.labelShare = labelShare
  }

  /// A teacher's view of one row.
  package struct Teacher {
    /// f32 `[S]`: p.
    let probabilities: UnsafePointer<Float>
    /// Negative entropy of p in nats.
    let negativeEntropy: Float
  }

  /// In nats: to the label, and KL(p || q); the latter is zero without a teacher.
  package struct Outcome {
    package var crossEntropy: Float = 0
    package var divergence: Float = 0
  }

  /// Turns a teacher's logits `[S]` into p `[S]`.
  ///
  /// - Parameter room: f32 `[S]`.
  package func teacher(_ logits: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>) -> Teacher {
    let (maximum, partition) = exponentials(logits, keeping: room)
    let scale = 1 / partition
    for i in 0..<count { logits[i] *= scale }
    return Teacher(
      probabilities: UnsafePointer(logits),
      negativeEntropy: Vectors.dot(logits, room, count) - maximum - log(partition))
  }

  /// Turns a student's logits `[S]` into their gradient times `scale`.
  ///
  /// - Parameters:
  ///   - label: the place of the label.
  ///   - room: f32 `[S]`.
  package func student(
    _ logits: UnsafeMutablePointer<Float>, teacher: Teacher?, label: Int, scale: Float,
    room: UnsafeMutablePointer<Float>
  ) -> Outcome {
    let (maximum, partition) = exponentials(logits, keeping: room)
    let logPartition = maximum + log(partition)
    var outcome = Outcome(crossEntropy: logPartition - room[label])
    let factor = scale / partition
    let whole = count & ~15
    if let teacher {
      let p = teacher.probabilities
      outcome.divergence = teacher.negativeEntropy - Vectors.dot(p, room, count) + logPartition
      let share = scale * (1 - labelShare)
      for i in stride(from: 0, to: whole, by: 16) {
        Vectors.store(Vectors.load(logits, i) * factor - Vectors.load(p, i) * share, logits, i)
      }
      for i in whole..<count { logits[i] = logits[i] * factor - p[i] * share }
    } else {
      for i in stride(from: 0, to: whole, by: 16) {
        Vectors.store(Vectors.load(logits, i) * factor, logits, i)
      }
      for i in whole..<count { logits[i] *= factor }
    }
    logits[label] -= scale * (teacher == nil ? 1 : labelShare)
    return outcome
  }

  /// Adds the correction, copies the logits to `room`, and replaces them by exp(l - max l); returns the maximum
  /// and the sum.
  private func exponentials(
    _ logits: UnsafeMutablePointer<Float>, keeping room: UnsafeMutablePointer<Float>
  ) -> (maximum: Float, sum: Float) {
    for i in certainCount..<count { logits[i] += correction }
    let maximum = Vectors.maximum(logits, count)
    room.update(from: logits, count: count)
    return (maximum, Vectors.exponentials(logits, minus: maximum, count))
  }
}
