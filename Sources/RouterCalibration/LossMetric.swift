/// How far an early-exit answer is from the full-depth answer, in 0...1 per prompt; 0 is no loss.
package enum LossMetric: String, Sendable, Codable, CaseIterable {
  /// The fraction of an answer's tokens that full depth would not have chosen after the same tokens:
  /// `TokenDistance.disagreement` of full depth's choices along the answer and the answer itself. One early
  /// difference therefore counts once, not again for every token that follows it.
  case disagreement
  /// 1 - ROUGE-L F1 on tokens: `TokenDistance.rouge`.
  case rougeL = "rouge-l"
  /// 1 if full depth answers the question rightly and the early exits wrongly, else 0:
  /// ``exactMatchLoss(fullIsRight:exitIsRight:)``.
  case exactMatch = "exact-match"

  /// Whether the loss is always 0 or 1.
  package var isBinary: Bool { self == .exactMatch }

  /// The tightest test that suits the metric's losses.
  package var preferredTest: RiskTest { isBinary ? .exactBinomial : .betting }

  /// 1 if full depth was right where the early exits were wrong. A question that full depth gets wrong cannot
  /// be lost, and one that only the early exits get right earns nothing.
  package static func exactMatchLoss(fullIsRight: Bool, exitIsRight: Bool) -> Double {
    fullIsRight && !exitIsRight ? 1 : 0
  }
}
