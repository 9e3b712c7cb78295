/// A binary heap of the merges that are possible at the moment, and some that no longer are.
///
/// By hand, since the min-max heap of swift-collections takes 1.2 to 1.5 times as long for 64 to 4096 merges.
struct MergeQueue {
  /// A possible merge.
  struct Candidate {
    /// Order first, then position: of equal ranks the leftmost merges first.
    let key: UInt64
    /// The symbol that the merge makes.
    let symbol: Int32
    /// The length in bytes of both parts together; if theirs has changed since, the candidate is stale.
    let length: Int32

    /// Makes the candidate that merges the node at `position` with its successor.
    init(rank: Int32, position: Int, symbol: Int32, length: Int32) {
      key = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
      self.symbol = symbol
      self.length = length
    }

    /// The left node.
    var position: Int { Int(key & 0xFFFF_FFFF) }
  }

  private var heap: [Candidate] = []

  /// Adds a candidate in O(log n).
  mutating func push(_ candidate: Candidate) {
    var child = heap.count
    heap.append(candidate)
    while child > 0 {
      let parent = (child - 1) / 2
      guard candidate.key < heap[parent].key else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = candidate
  }

  /// Removes the candidate that comes first in O(log n).
  mutating func popFirst() -> Candidate? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].key < heap[child].key { child += 1 }
      guard heap[child].key < last.key else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return first
  }
}
