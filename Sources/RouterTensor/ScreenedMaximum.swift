/// The largest entry of a product, found through a screen.
package struct ScreenedMaximum: Sendable, Equatable {
  /// Its row, the lowest among equals.
  package let row: Int
  /// Its value, bit for bit that of the whole product.
  package let value: Float
  /// Blocks of 16 rows whose exact products were computed.
  package let rescoredBlocks: Int
}
