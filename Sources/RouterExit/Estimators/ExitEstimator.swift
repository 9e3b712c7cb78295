/// Turns what an exit shows into one confidence in 0...1: higher means surer that deeper layers would not
/// change the token.
///
/// A confidence is a score, not a probability of being right; what a threshold on it costs is what
/// calibration measures. Non-finite input gives 0, never a trap.
public enum ExitEstimator: Sendable, Equatable {
  /// p1, the largest probability of softmax(logits) at temperature 1, in 1/V...1: the paper's measure.
  case maximumProbability
  /// p1 - p2, the distance between the two largest probabilities of softmax(logits).
  case margin
  /// 1 - H / ln V, where H is the entropy of softmax(logits) in nats: 1 for a one-hot, 0 for a uniform
  /// distribution. With a large V even a hesitant distribution scores above 0.5.
  case entropy
  /// The cosine of the hidden states at this and the previous consulted exit, negative values as 0 (CALM,
  /// arXiv 2207.07061, section 3.5). 0 at the first consulted exit, which has nothing to compare with.
  case saturation
  /// A small network per exit, trained on the hidden state; see ``LearnedEstimator``.
  case learned(LearnedEstimator)

  /// Those that need no training.
  public static let parameterFree: [ExitEstimator] = [.maximumProbability, .margin, .entropy, .saturation]

  /// What an estimator reads, which decides what one question costs.
  public enum Input: String, Sendable, Codable, CaseIterable {
    /// The logits: every question pays a full head.
    case logits
    /// The hidden state: no head is paid before the token leaves.
    case hidden
  }

  /// What it reads.
  public var reads: Input {
    switch self {
    case .maximumProbability, .margin, .entropy: .logits
    case .saturation, .learned: .hidden
    }
  }

  /// Its name in policy files.
  public var name: String {
    switch self {
    case .maximumProbability: "max-probability"
    case .margin: "margin"
    case .entropy: "entropy"
    case .saturation: "saturation"
    case .learned(let estimator): estimator.kind.rawValue
    }
  }

  /// The estimator with this name in policy files, if it needs no training.
  public init?(name: String) {
    guard let estimator = Self.parameterFree.first(where: { $0.name == name }) else { return nil }
    self = estimator
  }

  /// The confidence at one exit, in 0...1.
  ///
  /// - Complexity: O(V) for estimators that read logits, plus the head if nobody asked for the logits before;
  ///   O(D) otherwise, times the hidden units of a learned network. Allocates nothing.
  public func confidence(of observation: borrowing ExitObservation) -> Float {
    switch self {
    case .maximumProbability:
      return observation.statistics?.maximumProbability ?? 0
    case .margin:
      return observation.statistics?.margin ?? 0
    case .entropy:
      return observation.statistics.map { 1 - $0.normalizedEntropy } ?? 0
    case .saturation:
      guard let previous = observation.previousHidden else { return 0 }
      return Self.cosine(observation.hidden, previous)
    case .learned(let estimator):
      return estimator.confidence(
        depth: observation.depth, tokenIndex: observation.tokenIndex, hidden: observation.hidden)
    }
  }

  /// max(0, cosine) of two f32 vectors `[D]`; 0 if one of them is zero or not finite.
  package static func cosine(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
    guard a.count == b.count, let baseA = a.baseAddress, let baseB = b.baseAddress else { return 0 }
    let rawA = UnsafeRawPointer(baseA)
    let rawB = UnsafeRawPointer(baseB)
    // f64 lanes: the sum of squares of an f32 vector cannot overflow them.
    var dot = SIMD8<Double>.zero
    var squaredA = dot
    var squaredB = dot
    var index = 0
    while index + 8 <= a.count {
      let offset = index &* MemoryLayout<Float>.stride
      let x = SIMD8<Double>(rawA.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self))
      let y = SIMD8<Double>(rawB.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self))
      dot += x * y
      squaredA += x * x
      squaredB += y * y
      index &+= 8
    }
    var dotSum = dot.sum()
    var normA = squaredA.sum()
    var normB = squaredB.sum()
    while index < a.count {
      let x = Double(baseA[index])
      let y = Double(baseB[index])
      dotSum += x * y
      normA += x * x
      normB += y * y
      index &+= 1
    }
    let cosine = dotSum / (normA.squareRoot() * normB.squareRoot())
    return cosine.isFinite ? Float(min(1, max(0, cosine))) : 0
  }
}
