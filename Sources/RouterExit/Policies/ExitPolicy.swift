/// Decides, exit by exit, whether a token needs the layers that remain.
///
/// A policy is immutable and shared by every sequence; what one sequence must remember lives in the
/// ``ExitDecider`` that it makes.
public protocol ExitPolicy: Sendable {
  /// Short name for logs and responses, such as `entropy`.
  var name: String { get }

  /// Depths at which the policy wants to be asked, ascending.
  ///
  /// An engine asks at those that its model has and that lie below full depth, and ignores the others: at
  /// full depth there is nothing left to decide, unless the ``head`` is narrow: then a policy that names full depth
  /// is asked there whether the narrow head may choose the token. A depth that is absent is never asked, so an exit that does
  /// not pay costs nothing.
  var exits: [Int] { get }

  /// The head whose logits an ``ExitObservation`` shows, and which chooses the tokens that leave.
  var head: HeadWidth { get }

  /// Whether a decider's answers about a token depend on nothing that it was asked about other tokens.
  ///
  /// Then an engine may ask about several tokens at a time, with a decider for each, which is faster.
  var decidesTokensApart: Bool { get }

  /// Makes the decider of one sequence.
  func makeDecider() -> any ExitDecider
}

extension ExitPolicy {
  /// Full: the shared head.
  public var head: HeadWidth { .full }

  /// False: a decider may remember what it likes.
  public var decidesTokensApart: Bool { false }
}
