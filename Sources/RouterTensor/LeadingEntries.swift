/// Which entries of a product are wanted exactly.
package struct LeadingEntries: Sendable, Equatable {
  /// At most this many entries decide where the wanted ones end.
  package static let maximumCount = 256

  /// The entry that the others are measured by: the `count` th largest.
  package let count: Int
  /// All entries that are at most this much smaller are wanted.
  package let distance: Float

  /// Nil for a count beyond 1 ... ``maximumCount`` or for a distance that is no number from 0 on.
  package init?(count: Int, distance: Float) {
    guard (1...Self.maximumCount).contains(count), distance.isFinite, distance >= 0 else { return nil }
    self.count = count
    self.distance = distance
  }
}
