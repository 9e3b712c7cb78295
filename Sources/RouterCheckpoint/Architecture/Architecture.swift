/// A family of models that this software runs, by the name that a checkpoint stores: Hugging Face's `model_type`.
///
/// All of them are LLaMA-like: RMSNorm before each block, grouped-query attention with rotary position embedding, and a
/// feed-forward block gated by SiLU. A further family of that kind is a case here with its ``ArchitectureTraits``, and
/// a rule for its tokenizer where it has one of its own.
public enum Architecture: String, Sendable, CaseIterable {
  /// LLaMA (Touvron et al., arXiv 2302.13971) and what shares its code, such as SmolLM2.
  case llama
  /// Mistral (Jiang et al., arXiv 2310.06825).
  case mistral
  /// Qwen2 (Yang et al., arXiv 2407.10671).
  case qwen2

  /// In what the family differs from others.
  package var traits: ArchitectureTraits {
    switch self {
    case .llama: .llama
    case .mistral: .mistral
    case .qwen2: .qwen2
    }
  }

  /// The family that GGUF files call `name`; nil if none is known.
  package init?(ggufName name: String) {
    guard let known = Self.allCases.first(where: { $0.traits.gguf?.name == name }) else { return nil }
    self = known
  }

  /// The names of all families, for messages: `llama, mistral, qwen2`.
  package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The names of all families that GGUF files hold, for messages.
  package static var ggufNames: String {
    allCases.compactMap { $0.traits.gguf?.name }.joined(separator: ", ")
  }

  /// The titles of all families, for messages: `LLaMA, Mistral or Qwen2`.
  package static var titles: String {
    let titles = allCases.map(\.traits.title)
    return titles.dropLast().joined(separator: ", ") + " or " + titles.suffix(1).joined()
  }
}

/// Written as its raw value.
extension Architecture: Codable {
  /// Finds the family of a name.
  ///
  /// - Throws: `DecodingError` for what is not text, ``CheckpointError`` `invalidConfiguration` for a family that is not
  ///   known.
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    guard let known = Architecture(rawValue: name) else {
      throw ModelConfiguration.invalid("the architecture \"\(name.escapingControls)\" is not supported")
    }
    self = known
  }
}
