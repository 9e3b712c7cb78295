/// How far an early-exit answer is from the full-depth answer, in 0...1 per prompt; 0 is no loss.
///
/// Policy files name it in their guarantee: ``PolicyGuarantee/metric``.
public enum LossMetric: String, Sendable, Codable, CaseIterable {
  /// The fraction of an answer's tokens that full depth would not have chosen after the same tokens:
  /// `TokenDistance.disagreement` of full depth's choices along the answer and the answer itself. One early
  /// difference therefore counts once, not again for every token that follows it.
  case disagreement
  /// 1 - ROUGE-L F1 on tokens of the answer and full depth's own: `TokenDistance.rouge`.
  case rougeL = "rouge-l"
  /// 1 if full depth answers the question rightly and the early exits wrongly, else 0:
  /// ``exactMatchLoss(fullIsRight:exitIsRight:)``.
  case exactMatch = "exact-match"

  /// Whether the loss is always 0 or 1.
  public var isBinary: Bool { self == .exactMatch }

  /// Whether the model alone can tell the loss of an answer, so that answers can be audited by it while a server
  /// runs; the others need an expected answer besides.
  public var isAuditable: Bool { self != .exactMatch }

  /// 1 if full depth was right where the early exits were wrong. A question that full depth gets wrong cannot
  /// be lost, and one that only the early exits get right earns nothing.
  public static func exactMatchLoss(fullIsRight: Bool, exitIsRight: Bool) -> Double {
    fullIsRight && !exitIsRight ? 1 : 0
  }
}
