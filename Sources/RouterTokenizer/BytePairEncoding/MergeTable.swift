/// Which pairs of symbols merge, into what, and in which order.
///
/// A symbol is a token id, or a number above all ids for what is not a token by itself; none is negative.
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

  private struct Entry {
    var pair: UInt64
    var product: Product

    static let free = Entry(pair: .max, product: Product(rank: 0, symbol: 0))
  }

  /// Open addressing; at most half are taken.
  private var entries: [Entry]
  private var count = 0

  /// Makes an empty table with room for `capacity` pairs; it grows beyond.
  package init(capacity: Int) {
    var size = 16
    while size < 2 * capacity { size *= 2 }
    entries = Array(repeating: .free, count: size)
  }

  /// The product of two neighbours.
  package subscript(left: Int32, right: Int32) -> Product? {
    let pair = Self.pair(left, right)
    let entry = entries[place(of: pair)]
    return entry.pair == pair ? entry.product : nil
  }

  /// Sets the product of two neighbours, neither of which is negative.
  package mutating func insert(_ product: Product, of left: Int32, _ right: Int32) {
    precondition(left >= 0 && right >= 0, "symbols are not negative")
    if 2 * (count + 1) > entries.count { grow() }
    let pair = Self.pair(left, right)
    let place = place(of: pair)
    if entries[place].pair != pair { count += 1 }
    entries[place] = Entry(pair: pair, product: product)
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: .free, count: 2 * old.count)
    for entry in old where entry.pair != Entry.free.pair { entries[place(of: entry.pair)] = entry }
  }

  /// The place that holds a pair, or that it would take.
  private func place(of pair: UInt64) -> Int {
    let mask = entries.count - 1
    var place = Int(truncatingIfNeeded: KeyedHash.hash(pair)) & mask
    while entries[place].pair != pair && entries[place].pair != Entry.free.pair { place = (place + 1) & mask }
    return place
  }

  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
