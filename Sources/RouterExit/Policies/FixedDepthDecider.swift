/// Exits at one depth.
struct FixedDepthDecider: ExitDecider {
  let depth: Int

  mutating func beginToken(_ tokenIndex: Int) {}

  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
    observation.depth >= depth ? .exit(confidence: nil) : .proceed(confidence: nil)
  }
}
