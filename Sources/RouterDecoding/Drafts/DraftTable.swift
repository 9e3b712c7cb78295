/// Draft table: what a model says most after short runs of tokens, for drafts that cost a look in memory.
///
/// A hash table of `2^k` slots. A run of 1 to 3 tokens has two places; what lies there is its continuation if
/// the slot's tag is the run's. A wrong one, by accident of the tag, costs a rejected draft and no more.
///
/// A slot is 32 bits: token (20), level (3), tag (9); 0xFFFFFFFF is empty.
package struct DraftTable: Sendable, Equatable {
  /// `2^k` slots.
  package let slots: [UInt32]

  /// Lengths of the runs.
  package static let orders = 1...3
  /// Slots at least and at most.
  package static let slotCounts = 1 << 4...1 << 22
  /// Tokens that a slot can name: ids below this.
  package static let tokenLimit = 1 << 20

  private static let empty = UInt32.max

  /// Continuations in the table.
  package var count: Int { slots.count { $0 != Self.empty } }

  /// A table from its slots.
  ///
  /// - Returns: nil if their number is not a power of two within ``slotCounts``.
  package init?(slots: [UInt32]) {
    guard Self.slotCounts.contains(slots.count), slots.count.nonzeroBitCount == 1 else { return nil }
    self.slots = slots
  }

  /// Trains a table on what a model says after short runs.
  ///
  /// The continuations that are seen most come first where slots are scarce.
  /// - Parameters:
  ///   - texts: texts and what the model says after their tokens; runs do not reach from one into another.
  ///   - slotCount: a power of two within ``slotCounts``.
  package init?(training texts: [DraftTrainingText], slotCount: Int) {
    guard let empty = DraftTable(slots: [UInt32](repeating: Self.empty, count: max(slotCount, 1))) else {
      return nil
    }
    var followers: [Run: [Int32: Int]] = [:]
    for text in texts {
      for (end, token) in zip(text.first..., text.following) {
        guard let token, token >= 0, token < Self.tokenLimit else { continue }
        for order in Self.orders where order <= end {
          followers[Run(tokens: Array(text.tokens[end - order..<end])), default: [:]][token, default: 0] +=
            1
        }
      }
    }
    var entries: [(run: Run, token: Int32, count: Int, level: Int)] = followers.map { run, counts in
      let total = counts.values.reduce(0, +)
      let best = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
      let (token, count) = (best?.key ?? 0, best?.value ?? 0)
      // Laplace's rule, with one more way to go on: once seen is not certain.
      let share = Double(count) / Double(total + 1)
      return (run, token, count, min(7, Int(share * 8)))
    }
    entries.sort { a, b in
      if a.count != b.count { return a.count > b.count }
      if a.run.tokens.count != b.run.tokens.count { return a.run.tokens.count > b.run.tokens.count }
      return a.run.tokens.lexicographicallyPrecedes(b.run.tokens)
    }
    var slots = empty.slots
    for entry in entries {
      let places = Self.places(entry.run.tokens, count: slots.count)
      guard let free = [places.first, places.second].first(where: { slots[$0] == Self.empty }) else {
        continue
      }
      slots[free] =
        UInt32(entry.token) << 12 | UInt32(entry.level) << 9 | UInt32(places.tag)
    }
    self.slots = slots
  }

  private struct Run: Hashable {
    let tokens: [Int32]
  }

  /// What followed a known run at the end of `tail`: the run whose continuation is surest, the longest among equals.
  package func draft(after tail: [Int32]) -> Draft? {
    var best: (token: Int32, order: Int, level: Int)?
    for order in Self.orders.reversed() where order <= tail.count {
      let places = Self.places(tail.suffix(order), count: slots.count)
      for place in [places.first, places.second] {
        let slot = slots[place]
        guard slot != Self.empty, Int(slot & 0x1FF) == places.tag else { continue }
        let level = Int(slot >> 9 & 7)
        if level > best?.level ?? -1 { best = (Int32(slot >> 12), order, level) }
        break
      }
    }
    return best.map { Draft(token: $0.token, source: .table(order: $0.order, level: $0.level)) }
  }

  private static func places(
    _ run: some Collection<Int32>, count: Int
  ) -> (first: Int, second: Int, tag: Int) {
    let key = DraftContext.key(run)
    return (Int(key & UInt64(count - 1)), Int(key >> 22 & UInt64(count - 1)), Int(key >> 55 & 0x1FF))
  }
}
