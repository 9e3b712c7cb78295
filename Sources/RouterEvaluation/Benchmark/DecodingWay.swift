import RouterDecoding
import RouterExit

/// One way of decoding, to be compared with others.
package struct DecodingWay: Sendable {
  /// Such as `exit entropy, exact`.
  package let name: String
  package let mode: DecodingMode
  package let policy: (any ExitPolicy)?
  package let keyValues: KeyValueMode

  package init(
    name: String, mode: DecodingMode, policy: (any ExitPolicy)? = nil, keyValues: KeyValueMode = .propagate
  ) {
    self.name = name
    self.mode = mode
    self.policy = policy
    self.keyValues = keyValues
  }

  /// All layers; what the others are compared with.
  package static let full = DecodingWay(name: "full", mode: .full)
}
