import RouterCheckpoint
import RouterExit
import RouterModel

/// Takes the last token in flight from exit to exit, asking a policy at each.
package struct ExitLoop {
  private let session: InferenceSession
  /// Depths to ask at, ascending, all below the session's limit.
  let exits: [Int]
  private var row: TokenDecider
  /// What the layers up to the first exit took for the last token, alone; nil before any.
  private(set) var firstTime: (seconds: Double, layers: Int)?
  private let clock = ContinuousClock()

  package init(session: InferenceSession, policy: (any ExitPolicy)?) {
    self.session = session
    exits = Self.exits(of: policy, in: session)
    row = TokenDecider(policy: exits.isEmpty ? nil : policy, width: session.model.configuration.width)
  }

  /// Depths at which a policy is asked, ascending.
  static func exits(of policy: (any ExitPolicy)?, in session: InferenceSession) -> [Int] {
    let known = Set(session.model.exits)
    return policy?.exits.filter { known.contains($0) && $0 < session.depthLimit } ?? []
  }

  /// Runs the token to the exit where the policy lets it go, or through all layers.
  ///
  /// - Parameter logits: computes the logits of the last token in flight.
  package mutating func run(index: Int, logits: any ExitLogits) -> TokenExit {
    row.begin(index)
    for (place, exit) in exits.enumerated() {
      let started = clock.now
      session.advance(to: exit)
      if place == 0 { firstTime = ((clock.now - started) / .seconds(1), exit) }
      if row.leaves(session, row: session.rowCount - 1, logits: logits) {
        return TokenExit(depth: exit, confidence: row.confidence)
      }
    }
    session.advance(to: session.depthLimit)
    return TokenExit(depth: session.depthLimit, confidence: row.confidence)
  }
}
