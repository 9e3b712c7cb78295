/// How far an early-exit answer is from the full-depth answer, in 0...1 per prompt; 0 is no loss.
package enum LossMetric: String, Sendable, Codable, CaseIterable {
  /// The fraction of an answer's tokens that full depth would not have chosen after the same tokens:
  /// ``tokenDisagreement(_:_:)`` of full depth's choices along the answer and the answer itself. One early
  /// difference therefore counts once, not again for every token that follows it.
  case disagreement
  /// 1 - ROUGE-L F1 on tokens: ``rougeDistance(_:_:)``.
  case rougeL = "rouge-l"
  /// 1 if full depth answers the question rightly and the early exits wrongly, else 0:
  /// ``exactMatchLoss(fullIsRight:exitIsRight:)``.
  case exactMatch = "exact-match"

  /// Whether the loss is always 0 or 1.
  package var isBinary: Bool { self == .exactMatch }

  /// The tightest test that suits the metric's losses.
  package var preferredTest: RiskTest { isBinary ? .exactBinomial : .betting }

  /// The fraction of positions in 0..<max(lengths) at which the two token sequences differ; a position that
  /// only one of them has differs. 0 for two empty sequences.
  package static func tokenDisagreement(_ reference: [Int32], _ candidate: [Int32]) -> Double {
    let length = max(reference.count, candidate.count)
    guard length > 0 else { return 0 }
    let agreements = zip(reference, candidate).reduce(into: 0) { if $1.0 == $1.1 { $0 += 1 } }
    return Double(length - agreements) / Double(length)
  }

  /// 1 - F1 of ROUGE-L over token ids: 1 - 2 LCS / (m + n), LCS the length of the longest common subsequence
  /// (C.-Y. Lin, "ROUGE", 2004, with beta = 1). 0 for two empty sequences, 1 if only one is empty.
  ///
  /// Tokens are not words, so this is stricter than ROUGE-L on text: half a changed word counts.
  ///
  /// - Complexity: O(m n) time, O(min(m, n)) memory.
  package static func rougeDistance(_ reference: [Int32], _ candidate: [Int32]) -> Double {
    let total = reference.count + candidate.count
    guard total > 0 else { return 0 }
    return 1 - 2 * Double(longestCommonSubsequence(reference, candidate)) / Double(total)
  }

  /// 1 if full depth was right where the early exits were wrong. A question that full depth gets wrong cannot
  /// be lost, and one that only the early exits get right earns nothing.
  package static func exactMatchLoss(fullIsRight: Bool, exitIsRight: Bool) -> Double {
    fullIsRight && !exitIsRight ? 1 : 0
  }

  /// The length of the longest common subsequence.
  static func longestCommonSubsequence(_ first: [Int32], _ second: [Int32]) -> Int {
    let (long, short) = first.count >= second.count ? (first, second) : (second, first)
    // row[j] = LCS of the part of `long` seen so far and the first j tokens of `short`.
    var row = [Int](repeating: 0, count: short.count + 1)
    for token in long {
      var diagonal = 0
      for (j, other) in short.enumerated() {
        let above = row[j + 1]
        row[j + 1] = token == other ? diagonal + 1 : max(above, row[j])
        diagonal = above
      }
    }
    return row[short.count]
  }
}
