/// Chooses among ways to decode by how soon each is expected to be done: a pure value with a memory of its last choice,
/// which only something clearly better replaces.
package struct WayChooser: Sendable {
  /// A way that replaces the one in use is expected to take at most this share of its time.
  package static let margin = 0.97
  /// Lists of ways whose last choices are remembered.
  private static let limit = 64

  /// The way in use, by the names of those that there were to choose from.
  private var current: [[String]: String] = [:]

  package init() {}

  /// The index of the way to take.
  ///
  /// - Parameters:
  ///   - names: of the ways, at least one.
  ///   - times: expected time per token of each.
  package mutating func choose(among names: [String], times: [Double]) -> Int {
    guard let best = times.indices.min(by: { times[$0] < times[$1] }) else { return 0 }
    if let name = current[names], let used = names.firstIndex(of: name),
      times[best] > Self.margin * times[used]
    {
      return used
    }
    if current.count >= Self.limit { current.removeAll() }
    current[names] = names[best]
    return best
  }
}
