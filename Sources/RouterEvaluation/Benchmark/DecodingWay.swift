import RouterDecoding
import RouterExit

/// One way of decoding, to be compared with others.
package struct DecodingWay: Sendable {
  /// Such as `exit entropy, exact`.
  package let name: String
  /// One, or several among which load chooses.
  let alternatives: [Decoding]

  package init(name: String, _ decoding: Decoding) {
    self.name = name
    alternatives = [decoding]
  }

  /// Whichever is expected to be done soonest, request by request.
  ///
  /// - Parameter alternatives: at least one.
  package init(name: String, fastestOf alternatives: [Decoding]) {
    precondition(!alternatives.isEmpty, "there is no way to decode")
    self.name = name
    self.alternatives = alternatives
  }

  /// The first or only one.
  package var decoding: Decoding { alternatives[0] }

  /// All layers; what the others are compared with.
  package static let full = DecodingWay(name: "full", .full)
}
