import Foundation
import RouterRandom
import RouterTensor

/// The tokens over which a step's distributions are compared.
///
/// Tokens that matter for the step are all present; the rest of the vocabulary is represented by a uniform
/// random sample, whose logits are raised by ln(rest / sample) so that the partition function is estimated
/// without bias. Teacher and student are treated alike, so equal logits still give zero gradient.
package struct VocabularySample {
  /// i32 `[S]`
  package let tokens: [Int32]
  /// Tokens that are present with certainty; those after are sampled.
  package let certainCount: Int
  /// What is added to the logits of sampled tokens.
  package let correction: Float
  /// Whether the sample is the vocabulary itself, in order.
  let isWhole: Bool

  /// The whole vocabulary.
  init(whole vocabularySize: Int) {
    tokens = (0..<Int32(vocabularySize)).map { $0 }
    certainCount = vocabularySize
    correction = 0
    isWhole = true
  }

  /// `certain` without repetition, and `sampled` others.
  package init(certain: some Sequence<Int32>, sampled: Int, vocabularySize: Int, random: inout SplitMix64) {
    var isTaken = [Bool](repeating: false, count: vocabularySize)
    var chosen: [Int32] = []
    func take(_ token: Int32) {
      if !isTaken[Int(token)] {
        isTaken[Int(token)] = true
        chosen.append(token)
      }
    }
    for token in certain { take(token) }
    certainCount = chosen.count
    let rest = vocabularySize - chosen.count
    let wanted = certainCount + min(sampled, rest / 2)
    while chosen.count < wanted { take(Int32(random.next() % UInt64(vocabularySize))) }
    correction = wanted > certainCount ? Float(log(Double(rest) / Double(wanted - certainCount))) : 0
    tokens = chosen
    isWhole = false
  }

  /// Where each token stands, by token; -1 for those that are absent.
  func places(vocabularySize: Int) -> [Int32] {
    var places = [Int32](repeating: -1, count: vocabularySize)
    for (place, token) in tokens.enumerated() { places[Int(token)] = Int32(place) }
    return places
  }
}
