import RouterExit

/// ROUGE-L on words (C.-Y. Lin, "ROUGE", 2004, with beta = 1).
package enum Rouge {
  /// 2 LCS / (m + n) over lower-case words, LCS the length of their longest common subsequence; 1 for two texts
  /// without words, 0 if only one has none.
  ///
  /// Words are maximal runs of letters and digits, not stemmed: what the package rouge-score does for ASCII text.
  /// - Complexity: O(m n) time.
  package static func scoreL(reference: String, candidate: String) -> Double {
    let (first, second) = (words(reference), words(candidate))
    let total = first.count + second.count
    guard total > 0 else { return 1 }
    return 2 * Double(TokenDistance.longestCommonSubsequence(first, second)) / Double(total)
  }

  static func words(_ text: String) -> [Substring] {
    text.lowercased().split { !($0.isLetter || $0.isNumber) }
  }
}
