import RouterCheckpoint
import RouterExit
import RouterModel

/// Takes the last token in flight from exit to exit, asking a policy at each.
struct ExitWalk {
  private let session: InferenceSession
  /// Depths to ask at, ascending, all below the session's limit.
  let exits: [Int]
  private var decider: (any ExitDecider)?
  /// f32 `[D]`: the state at the exit before.
  private var previous: [Float]
  /// What the layers up to the first exit took for the last token, alone; nil before any.
  private(set) var firstTime: (seconds: Double, layers: Int)?
  private let clock = ContinuousClock()

  init(session: InferenceSession, policy: (any ExitPolicy)?) {
    self.session = session
    let known = Set(session.model.exits)
    exits = policy?.exits.filter { known.contains($0) && $0 < session.depthLimit } ?? []
    decider = exits.isEmpty ? nil : policy?.makeDecider()
    previous = [Float](repeating: 0, count: session.model.configuration.width)
  }

  /// Runs the token to the exit where the policy lets it go, or through all layers.
  ///
  /// - Parameter logits: computes the logits of the last token in flight.
  mutating func run(index: Int, logits: any ExitLogits) -> TokenRun {
    var confidence: Float?
    decider?.beginToken(index)
    for (place, exit) in exits.enumerated() {
      let started = clock.now
      session.advance(to: exit)
      if place == 0 { firstTime = ((clock.now - started) / .seconds(1), exit) }
      let decision = decide(index: index, hasPrevious: place > 0, logits: logits)
      confidence = decision.confidence
      if decision.exits { return TokenRun(depth: exit, confidence: confidence) }
      let state = session.hidden(row: session.rowCount - 1)
      previous.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: state) }
    }
    session.advance(to: session.depthLimit)
    return TokenRun(depth: session.depthLimit, confidence: confidence)
  }

  private mutating func decide(index: Int, hasPrevious: Bool, logits: any ExitLogits) -> ExitDecision {
    guard var decider else { return .proceed(confidence: nil) }
    let decision = previous.withUnsafeBufferPointer { previous in
      decider.decide(
        ExitObservation(
          depth: session.depth, layerCount: session.model.configuration.layerCount, tokenIndex: index,
          hidden: session.hidden(row: session.rowCount - 1), previousHidden: hasPrevious ? previous : nil,
          logits: logits))
    }
    self.decider = decider
    return decision
  }
}
