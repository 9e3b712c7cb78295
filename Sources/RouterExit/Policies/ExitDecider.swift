/// The state of a policy for one sequence; used by one thread at a time.
///
/// The engine calls ``beginToken(_:)`` once before each token and then ``decide(_:)`` at each of the policy's
/// exits, in ascending order, until one answers ``ExitDecision/exit(confidence:)``.
public protocol ExitDecider {
  /// Starts the token with the given 0-based index within the response.
  mutating func beginToken(_ tokenIndex: Int)

  /// Decides at one exit. It runs between layers of every token: it should allocate nothing.
  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision
}
