/// A tensor that accompanies the codes of a quantised matrix, with one f16 value for each group.
package enum EncodingCompanion: String, Sendable, CaseIterable {
  /// What a code is multiplied by.
  case scale
  /// What is added to the product.
  case min

  /// Element type.
  package static let dtype = DType.f16
}
