import RouterExit

/// A small seeded generator (SplitMix64), so that every run tests the same numbers.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Logits from an array, which counts how often it was asked.
final class StoredLogits: ExitLogits {
  private let values: UnsafeMutableBufferPointer<Float>
  private(set) var requestCount = 0

  init(_ logits: [Float]) {
    values = .allocate(capacity: logits.count)
    _ = values.initialize(from: logits)
  }

  deinit { values.deallocate() }

  func logits() -> UnsafeBufferPointer<Float> {
    requestCount += 1
    return UnsafeBufferPointer(values)
  }
}

/// What one exit shows, as arrays.
struct Scene {
  var depth = 4
  var tokenIndex = 0
  var hidden: [Float] = [1, 0]
  var previousHidden: [Float]?
  var logits: [Float] = [0, 0]
}

extension ExitDecider {
  /// Shows a scene and returns the decision and how often the logits were read.
  mutating func decide(_ scene: Scene) -> (decision: ExitDecision, logitRequests: Int) {
    let source = StoredLogits(scene.logits)
    let previous = scene.previousHidden ?? []
    let decision = scene.hidden.withUnsafeBufferPointer { hidden in
      previous.withUnsafeBufferPointer { previous in
        decide(
          ExitObservation(
            depth: scene.depth, layerCount: 30, tokenIndex: scene.tokenIndex, hidden: hidden,
            previousHidden: scene.previousHidden == nil ? nil : previous, logits: source))
      }
    }
    return (decision, source.requestCount)
  }
}
