/// Quantisation of weights in groups of 32 consecutive elements of a row, as stored in a checkpoint.
package enum GroupQuantization {
  /// Elements that share one scale (and one minimum).
  package static let groupSize = 32

  static func groupCount(_ elements: Int) -> Int {
    precondition(elements % groupSize == 0, "a quantised row is a multiple of \(groupSize) elements")
    return elements / groupSize
  }

  /// The nearest integer within bounds; a NaN becomes the lower bound nearest zero.
  static func clampedCode(_ value: Float, _ lower: Float, _ upper: Float) -> Int {
    guard !value.isNaN else { return 0 }
    return Int(min(max(value.rounded(.toNearestOrEven), lower), upper))
  }
}
