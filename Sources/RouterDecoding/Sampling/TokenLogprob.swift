import Foundation

/// A token and the logarithm of its probability.
public struct TokenLogprob: Sendable, Equatable {
  public let id: Int32
  /// The token's own bytes, which need not be whole characters.
  public let bytes: [UInt8]
  /// Natural logarithm of the probability under the model's unmodified distribution at the exit that was used.
  public let logprob: Float

  package init(id: Int32, bytes: [UInt8], logprob: Float) {
    self.id = id
    self.bytes = bytes
    self.logprob = logprob
  }
}
