import RouterCheckpoint
import RouterModel

extension InferenceSession {
  /// A copy of the residual stream of the tokens in flight, f32 `[T, D]`, flat.
  var states: [Float] { Array(hidden) }

  /// The logits of the tokens in flight at the current depth, f32 `[T, V]`, flat.
  func logits() -> [Float] { logits(rows: 0..<rowCount) }

  func logits(rows: Range<Int>) -> [Float] {
    [Float](unsafeUninitializedCapacity: rows.count * model.configuration.vocabularySize) {
      buffer, initialized in
      if let base = buffer.baseAddress { logits(rows: rows, into: base) }
      initialized = buffer.count
    }
  }

  /// Runs tokens through all layers, in batches of the given sizes, and returns every token's last hidden state.
  func run(_ tokens: [Int32], batches: [Int]) throws -> [Float] {
    var states: [Float] = []
    var start = 0
    for size in batches {
      try begin(tokens[start..<start + size])
      advance(to: depthLimit)
      states += self.states
      commitFull()
      start += size
    }
    return states
  }

  /// Runs tokens through all layers one by one.
  func run(_ tokens: [Int32]) throws -> [Float] {
    try run(tokens, batches: tokens.map { _ in 1 })
  }
}

/// The largest difference, relative to the largest magnitude that is expected.
func relativeError(_ found: some Collection<Float>, _ expected: some Collection<Double>) -> Double {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
  return found.allSatisfy(\.isFinite) ? worst / scale : .infinity
}

func relativeError(_ found: some Collection<Float>, _ expected: some Collection<Float>) -> Double {
  relativeError(found, expected.map(Double.init))
}
