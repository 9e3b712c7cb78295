import Foundation

/// Log-probabilities of one position.
package struct LogprobTable {
  private let logits: UnsafeBufferPointer<Float>
  private let normaliser: Float

  /// Normalises the logits of one position.
  ///
  /// - Parameter logits: f32 `[V]`, unmodified; they outlive the table.
  package init(_ logits: UnsafeBufferPointer<Float>) {
    self.logits = logits
    let top = logits.max() ?? 0
    var sum = 0.0
    for logit in logits { sum += Double(exp(logit - top)) }
    normaliser = top + Float(log(sum))
  }

  /// Natural logarithm of a token's probability.
  package subscript(id: Int32) -> Float { logits[Int(id)] - normaliser }

  /// Ids of the `count` most probable tokens, in descending order, ties by id.
  ///
  /// - Complexity: O(V count) at worst, near O(V) for the small counts that a request may ask for.
  package func top(_ count: Int) -> [Int32] {
    var best: [Int32] = []
    guard count > 0 else { return best }
    for id in 0..<Int32(logits.count) {
      let value = logits[Int(id)]
      if best.count == count, let last = best.last, logits[Int(last)] >= value { continue }
      let place = best.firstIndex { logits[Int($0)] < value } ?? best.count
      best.insert(id, at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }
}
