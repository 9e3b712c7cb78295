/// Merges neighbouring symbols, best pair first, until no pair is in the table.
///
/// A linked list of symbols and a heap of candidates: O(n log n) for n symbols, whatever the text. Scratch space is
/// kept between uses.
package struct PairMerger {
  /// A symbol in the list.
  private struct Node {
    var symbol: Int32
    /// Bytes of text; 0 once it is merged into its predecessor.
    var length: Int32
    var previous: Int32
    var next: Int32
  }

  /// Neighbour of the first and the last symbol: part of no pair.
  private static let boundary = Int32.max

  /// The symbols, between two boundaries.
  private var nodes: [Node] = []
  private var queue = MergeQueue()

  /// Makes a merger without symbols.
  package init() {
    removeAll()
  }

  /// Forgets all symbols.
  package mutating func removeAll() {
    nodes.removeAll(keepingCapacity: true)
    append(symbol: Self.boundary, length: 0)
  }

  /// Adds a symbol that stands for `length` bytes of text.
  package mutating func append(symbol: Int32, length: Int) {
    let position = Int32(nodes.count)
    nodes.append(Node(symbol: symbol, length: Int32(length), previous: position - 1, next: position + 1))
  }

  /// Merges all that the table allows; once for the symbols appended since ``removeAll()``.
  package mutating func merge(_ table: MergeTable) {
    append(symbol: Self.boundary, length: 0)
    for position in 1..<nodes.count - 1 {
      pushPair(at: position, table)
    }
    while let candidate = queue.popFirst() {
      let left = candidate.position
      let right = Int(nodes[left].next)
      guard nodes[left].length > 0, nodes[left].length + nodes[right].length == candidate.length else {
        continue
      }
      nodes[left].symbol = candidate.symbol
      nodes[left].length = candidate.length
      nodes[left].next = nodes[right].next
      nodes[right].length = 0
      nodes[Int(nodes[left].next)].previous = Int32(left)
      pushPair(at: Int(nodes[left].previous), table)
      pushPair(at: left, table)
    }
  }

  /// Calls `body` with each symbol that ``merge(_:)`` left, and its length in bytes, in order.
  package func visitSymbols(_ body: (_ symbol: Int32, _ length: Int) -> Void) {
    var position = 1
    while nodes[position].symbol != Self.boundary {
      body(nodes[position].symbol, Int(nodes[position].length))
      position = Int(nodes[position].next)
    }
  }

  private mutating func pushPair(at position: Int, _ table: MergeTable) {
    let left = nodes[position]
    let right = nodes[Int(left.next)]
    guard let product = table[left.symbol, right.symbol] else { return }
    queue.push(
      .init(
        rank: product.rank, position: position, symbol: product.symbol, length: left.length + right.length))
  }
}
