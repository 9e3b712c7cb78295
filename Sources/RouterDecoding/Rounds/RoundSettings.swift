import RouterExit

/// What the rounds of a sequence have in common: where its tokens may leave, and what that means.
package struct RoundSettings: Sendable, Equatable {
  /// Depths at which a policy is asked, ascending, all below ``depthLimit``.
  package let exits: [Int]
  /// The deepest layer that tokens run.
  package let depthLimit: Int
  /// What it means that the policy lets a token go.
  package let meaning: Meaning
  /// The head that chooses the tokens that leave.
  package let head: HeadWidth
  /// Whether the policy is asked at ``depthLimit`` too: whether its head may choose there.
  package let asksAtLimit: Bool

  /// What it means that a policy lets a token go at an exit.
  package enum Meaning: Sendable, Equatable {
    /// The exit chooses the token after it.
    case leaving
    /// The exit drafts the token after it, which full depth verifies (self-speculation).
    case drafting
  }

  package init(
    exits: [Int], depthLimit: Int, meaning: Meaning, head: HeadWidth = .full, asksAtLimit: Bool = false
  ) {
    self.exits = exits
    self.depthLimit = depthLimit
    self.meaning = meaning
    self.head = head
    self.asksAtLimit = asksAtLimit
  }

  /// Whether a policy is asked at all.
  package var asks: Bool { asksAtLimit || !exits.isEmpty }

  /// The settings of a way to decode on a model.
  ///
  /// - Parameters:
  ///   - known: depths at which the model may answer.
  ///   - depthLimit: the deepest layer that the sequence runs.
  package init(_ decoding: Decoding, known: [Int], depthLimit: Int) {
    let known = Set(known)
    let policy = decoding.policy
    exits = policy?.exits.filter { known.contains($0) && $0 < depthLimit } ?? []
    self.depthLimit = depthLimit
    if case .verify = decoding { meaning = .drafting } else { meaning = .leaving }
    head = policy?.head ?? .full
    asksAtLimit = meaning == .leaving && head == .narrow && policy?.exits.contains(depthLimit) == true
  }
}
