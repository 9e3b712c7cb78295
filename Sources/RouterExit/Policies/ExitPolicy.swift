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
  /// full depth there is nothing left to decide. A depth that is absent is never asked, so an exit that does
  /// not pay costs nothing.
  var exits: [Int] { get }

  /// Whether a decider's answers about a token depend on nothing that it was asked about other tokens.
  ///
  /// Then an engine may ask about several tokens at a time, with a decider for each, which is faster.
  var decidesTokensApart: Bool { get }

  /// Makes the decider of one sequence.
  func makeDecider() -> any ExitDecider
}

extension ExitPolicy {
  /// False: a decider may remember what it likes.
  public var decidesTokensApart: Bool { false }
}
