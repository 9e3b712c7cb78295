import RouterExit
import RouterTestSupport

/// What one exit shows, as arrays.
struct Scene {
  var depth = 4
  var tokenIndex = 0
  var hidden: [Float] = [1, 0]
  var previousHidden: [Float]?
  var logits: [Float] = [0, 0]
}

extension ExitDecider {
  /// Shows a scene and returns whether the logits are going to be read.
  mutating func wantsLogits(_ scene: Scene) -> Bool? {
    let source = StoredLogits(scene.logits)
    return scene.hidden.withUnsafeBufferPointer { hidden in
      wantsLogits(
        ExitObservation(
          depth: scene.depth, layerCount: 30, tokenIndex: scene.tokenIndex, hidden: hidden,
          previousHidden: nil, logits: source))
    }
  }

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
