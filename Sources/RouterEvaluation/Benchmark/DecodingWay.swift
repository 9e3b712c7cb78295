import RouterDecoding
import RouterExit

/// One way of decoding, to be compared with others.
package struct DecodingWay: Sendable {
  /// Such as `exit entropy, exact`.
  package let name: String
  package let decoding: Decoding

  package init(name: String, _ decoding: Decoding) {
    self.name = name
    self.decoding = decoding
  }

  /// All layers; what the others are compared with.
  package static let full = DecodingWay(name: "full", .full)
}
