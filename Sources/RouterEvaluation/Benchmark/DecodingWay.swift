import RouterDecoding
import RouterExit

/// One way of decoding, to be compared with others.
package struct DecodingWay: Sendable {
  /// Such as `exit entropy, exact`.
  package let name: String
  package let mode: DecodingMode
  package let policy: (any ExitPolicy)?
  package let keyValues: KeyValueMode
  /// Whether tokens are guessed ahead where they leave early.
  package let guesses: Bool

  package init(
    name: String, mode: DecodingMode, policy: (any ExitPolicy)? = nil, keyValues: KeyValueMode = .propagate,
    guesses: Bool = true
  ) {
    self.name = name
    self.mode = mode
    self.policy = policy
    self.keyValues = keyValues
    self.guesses = guesses
  }

  /// All layers; what the others are compared with.
  package static let full = DecodingWay(name: "full", mode: .full)
}
