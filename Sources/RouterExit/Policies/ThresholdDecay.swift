/// CALM's decaying threshold (arXiv 2207.07061, section 3.4): early tokens of a response, whose errors spoil
/// everything after them, face a higher bar than late ones.
///
/// For the threshold lambda and token t it is clip(0.9 lambda + 0.1 exp(-tau t / N), 0, 1).
public struct ThresholdDecay: Sendable, Equatable, Encodable {
  /// How fast the bar falls; CALM uses 4.
  public let tau: Float

  /// N, the expected length of a response in tokens.
  public let length: Int

  /// Creates a decay.
  ///
  /// - Throws: ``PolicyError`` unless `tau` is in 0...1000 and `length` in 1...1,000,000.
  public init(tau: Float = 4, length: Int) throws(PolicyError) {
    guard tau.isFinite, (0...1000).contains(tau) else {
      throw PolicyError(
        code: .invalidValue, what: "the decay's tau is \(tau)", location: "$.decay.tau",
        remedy: "Use a number from 0 to 1000; CALM uses 4.")
    }
    guard (1...1_000_000).contains(length) else {
      throw PolicyError(
        code: .invalidValue, what: "the decay's length is \(length)", location: "$.decay.length",
        remedy: "Use the expected number of tokens of a response, 1 to 1000000.")
    }
    self.tau = tau
    self.length = length
  }

  /// 0.1 exp(-tau t / N), what token `t` faces on top of 0.9 lambda.
  public func supplement(tokenIndex t: Int) -> Float {
    0.1 * exponentialOfNonPositive(-tau * Float(max(0, t)) / Float(length))
  }

  /// The threshold that token `t` faces.
  public func threshold(_ lambda: Float, tokenIndex t: Int) -> Float {
    Self.threshold(lambda, supplement: supplement(tokenIndex: t))
  }

  /// The threshold under a supplement that was computed once for the token.
  static func threshold(_ lambda: Float, supplement: Float) -> Float {
    min(1, max(0, 0.9 * lambda + supplement))
  }
}
