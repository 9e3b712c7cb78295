/// Chooses among ways to decode by how soon each is expected to be done: a pure value with a memory of its last choice,
/// which only something clearly better replaces.
///
/// One choice in ``trialInterval`` tries another way that is not much slower: what a way takes is only known from its use.
package struct WayChooser: Sendable {
  /// A way that replaces the one in use is expected to take at most this share of its time.
  package static let margin = 0.97
  /// One choice in so many is a trial.
  package static let trialInterval = 16
  /// A way is tried if it is expected to take at most so many times as long as the one in use.
  package static let trialLimit = 1.25
  /// Lists of ways whose last choices are remembered.
  private static let limit = 64

  private struct Memory {
    /// The name of the way in use.
    var current: String
    /// Choices so far.
    var count = 0
  }

  /// By the names of the ways that there were to choose from.
  private var memories: [[String]: Memory] = [:]

  package init() {}

  /// The index of the way to take.
  ///
  /// - Parameters:
  ///   - names: of the ways, at least one.
  ///   - times: expected time per token of each.
  package mutating func choose(among names: [String], times: [Double]) -> Int {
    guard let best = times.indices.min(by: { times[$0] < times[$1] }) else { return 0 }
    if memories[names] == nil, memories.count >= Self.limit { memories.removeAll() }
    var memory = memories[names] ?? Memory(current: names[best])
    var used = names.firstIndex(of: memory.current) ?? best
    if times[best] <= Self.margin * times[used] { used = best }
    memory.current = names[used]
    memory.count += 1
    memories[names] = memory
    guard memory.count.isMultiple(of: Self.trialInterval) else { return used }
    let others = times.indices.filter { $0 != used && times[$0] <= Self.trialLimit * times[used] }
    return others.isEmpty ? used : others[memory.count / Self.trialInterval % others.count]
  }
}
