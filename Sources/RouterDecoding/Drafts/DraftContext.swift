/// Prompt lookup: the sequence so far, and what followed each short run of its tokens when it last occurred.
package struct DraftContext {
  /// Prompt and confirmed tokens.
  private(set) var tokens: [Int32] = []
  /// The token that followed a run, by the run's key.
  private var followers: [UInt64: Int32] = [:]

  /// Lengths of the runs.
  static let orders = 1...4

  package init() {}

  /// Takes the next token.
  package mutating func append(_ token: Int32) {
    for order in Self.orders where order <= tokens.count {
      followers[Self.key(tokens[(tokens.count - order)...])] = token
    }
    tokens.append(token)
  }

  /// What followed the longest run that ends like the sequence with `drafts` behind it.
  ///
  /// - Returns: the token, and the run's length.
  package func draft(after drafts: some BidirectionalCollection<Int32>) -> (token: Int32, order: Int)? {
    let tail = tail(Self.orders.upperBound, with: drafts)
    for order in Self.orders.reversed() where order <= tail.count {
      if let token = followers[Self.key(tail.suffix(order))] { return (token, order) }
    }
    return nil
  }

  /// The last tokens, at most `count`, of the sequence with `drafts` behind it.
  package func tail(_ count: Int, with drafts: some BidirectionalCollection<Int32>) -> [Int32] {
    let end = drafts.suffix(count)
    return tokens.suffix(count - end.count) + end
  }

  /// A number that differs for different runs, but for accidents, which cost a rejected draft.
  static func key(_ run: some Collection<Int32>) -> UInt64 {
    var key = UInt64(run.count) &* 0xD6E8_FEB8_6659_FD93
    for token in run {
      key = (key ^ UInt64(UInt32(bitPattern: token))) &* 0x9E37_79B9_7F4A_7C15
      key ^= key >> 29
    }
    return key
  }
}
