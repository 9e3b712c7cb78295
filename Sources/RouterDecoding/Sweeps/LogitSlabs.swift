import RouterTensor

/// Memory for logits f32 `[n, V]`, which is used again in each sweep.
final class LogitSlabs {
  private let vocabularySize: Int
  private var slabs: [(memory: AlignedBuffer, rows: Int, isTaken: Bool)] = []

  init(vocabularySize: Int) { self.vocabularySize = vocabularySize }

  /// Room for `rows` rows that lie together, until ``releaseAll()``.
  func take(rows: Int) -> UnsafeMutablePointer<Float> {
    let fitting = slabs.indices.filter { !slabs[$0].isTaken && slabs[$0].rows >= rows }
    guard let place = fitting.min(by: { slabs[$0].rows < slabs[$1].rows }) else {
      // One that is too small for what comes now would be kept for nothing.
      if let free = slabs.indices.first(where: { !slabs[$0].isTaken }) { slabs.remove(at: free) }
      let memory = AlignedBuffer(byteCount: rows * vocabularySize * 4)
      slabs.append((memory, rows, true))
      return memory.pointer.assumingMemoryBound(to: Float.self)
    }
    slabs[place].isTaken = true
    return slabs[place].memory.pointer.assumingMemoryBound(to: Float.self)
  }

  /// Ends the use of all.
  func releaseAll() {
    for place in slabs.indices { slabs[place].isTaken = false }
  }
}
