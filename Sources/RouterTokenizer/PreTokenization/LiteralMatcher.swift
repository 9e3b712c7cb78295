/// Finds tokens by their literal text: the leftmost, and of those the longest.
struct LiteralMatcher: Sendable {
  /// A step in the trie.
  private struct Edge: Hashable, Sendable {
    let node: Int32
    let byte: UInt8
  }

  /// A token found in a text.
  struct Match {
    let token: TokenID
    let range: Range<Int>
  }

  /// The trie: nodes are numbered, 0 is the root.
  private var children: [Edge: Int32] = [:]
  /// The token that ends at each node.
  private var tokens: [TokenID?] = [nil]
  /// Whether some token begins with the byte.
  private var starts = [Bool](repeating: false, count: 256)

  /// Makes a matcher; tokens without text are never found.
  init(_ literals: [(bytes: [UInt8], token: TokenID)]) {
    for (bytes, token) in literals {
      guard let first = bytes.first else { continue }
      starts[Int(first)] = true
      var node: Int32 = 0
      for byte in bytes {
        let edge = Edge(node: node, byte: byte)
        node = children[edge] ?? Int32(tokens.count)
        if Int(node) == tokens.count {
          children[edge] = node
          tokens.append(nil)
        }
      }
      tokens[Int(node)] = token
    }
  }

  /// Whether nothing can be found.
  var isEmpty: Bool { children.isEmpty }

  /// The first match at or behind `start`.
  func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Match? {
    for position in start..<text.count where starts[Int(text[position])] {
      if let match = match(in: text, at: position) { return match }
    }
    return nil
  }

  private func match(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Match? {
    var longest: Match?
    var node: Int32 = 0
    for position in start..<text.count {
      guard let child = children[Edge(node: node, byte: text[position])] else { break }
      node = child
      if let token = tokens[Int(node)] {
        longest = Match(token: token, range: start..<position + 1)
      }
    }
    return longest
  }
}
