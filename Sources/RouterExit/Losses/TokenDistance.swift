/// How far apart two answers are, token by token: what promises are about.
package enum TokenDistance {
  /// The fraction of positions in 0..<max(lengths) at which the two token sequences differ; a position that
  /// only one of them has differs. 0 for two empty sequences.
  package static func disagreement(_ reference: [Int32], _ candidate: [Int32]) -> Double {
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
  package static func rouge(_ reference: [Int32], _ candidate: [Int32]) -> Double {
    let total = reference.count + candidate.count
    guard total > 0 else { return 0 }
    return 1 - 2 * Double(longestCommonSubsequence(reference, candidate)) / Double(total)
  }

  /// The length of the longest common subsequence.
  ///
  /// - Complexity: O(m n) time, O(min(m, n)) memory.
  package static func longestCommonSubsequence<Element: Equatable>(
    _ first: [Element], _ second: [Element]
  ) -> Int {
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
