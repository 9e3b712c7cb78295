/// The state of a policy for one sequence; used by one thread at a time.
///
/// The engine calls ``beginToken(_:)`` once before each token and then ``decide(_:)`` at each of the policy's
/// exits, in ascending order, until one answers ``ExitDecision/exit(confidence:)``.
public protocol ExitDecider {
  /// Starts the token with the given 0-based index within the response.
  mutating func beginToken(_ tokenIndex: Int)

  /// Whether ``decide(_:)`` is going to read the logits of what it is then asked about; `nil` if it cannot tell yet. An
  /// engine that knows computes those of many tokens with one read of the head. It may be called before or not.
  mutating func wantsLogits(_ observation: borrowing ExitObservation) -> Bool?

  /// Decides at one exit. It runs between layers of every token: it should allocate nothing.
  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision
}

extension ExitDecider {
  /// `nil`: it shows when the decision is made.
  public mutating func wantsLogits(_ observation: borrowing ExitObservation) -> Bool? { nil }
}
