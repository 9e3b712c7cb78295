/// Which pairs of symbols merge, into what, and in which order.
///
/// A symbol is a token id, or a number above all ids for what isn't a token by itself.
package struct MergeTable: Sendable {
  /// What a pair becomes.
  package struct Product: Sendable {
    /// The place in the order; pairs of a lower rank merge first.
    package let rank: Int32
    /// The symbol that replaces both.
    package let symbol: Int32

    /// Makes a product.
    package init(rank: Int32, symbol: Int32) {
      self.rank = rank
      self.symbol = symbol
    }
  }

  private var products: [UInt64: Product] = [:]

  /// Makes an empty table with room for `capacity` pairs.
  package init(capacity: Int) {
    products.reserveCapacity(capacity)
  }

  /// The product of two neighbours.
  package subscript(left: Int32, right: Int32) -> Product? {
    get { products[Self.key(left, right)] }
    set { products[Self.key(left, right)] = newValue }
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
