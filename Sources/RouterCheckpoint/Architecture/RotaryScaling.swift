/// A change of the rotary frequencies.
public enum RotaryScaling: Sendable, Equatable {
  /// Frequencies as the base gives them.
  case none
  /// Every frequency divided by `factor` (position interpolation, arXiv 2306.15595).
  case linear(factor: Double)
  /// Wavelengths above `originalContextLength / lowFrequencyFactor` are stretched by `factor`, those below
  /// `originalContextLength / highFrequencyFactor` stay, those between are blended (Llama 3.1).
  case llama3(
    factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContextLength: Int)
}

extension RotaryScaling: Codable {
  private enum CodingKeys: String, CodingKey {
    case kind
    case factor
    case lowFrequencyFactor = "low_frequency_factor"
    case highFrequencyFactor = "high_frequency_factor"
    case originalContextLength = "original_context_length"
  }

  private enum Kind: String, Codable {
    case none, linear, llama3
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    switch try values.decode(Kind.self, forKey: .kind) {
    case .none: self = .none
    case .linear: self = .linear(factor: try values.decode(Double.self, forKey: .factor))
    case .llama3:
      self = .llama3(
        factor: try values.decode(Double.self, forKey: .factor),
        lowFrequencyFactor: try values.decode(Double.self, forKey: .lowFrequencyFactor),
        highFrequencyFactor: try values.decode(Double.self, forKey: .highFrequencyFactor),
        originalContextLength: try values.decode(Int.self, forKey: .originalContextLength))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .none: try values.encode(Kind.none, forKey: .kind)
    case .linear(let factor):
      try values.encode(Kind.linear, forKey: .kind)
      try values.encode(factor, forKey: .factor)
    case .llama3(let factor, let low, let high, let original):
      try values.encode(Kind.llama3, forKey: .kind)
      try values.encode(factor, forKey: .factor)
      try values.encode(low, forKey: .lowFrequencyFactor)
      try values.encode(high, forKey: .highFrequencyFactor)
      try values.encode(original, forKey: .originalContextLength)
    }
  }
}
