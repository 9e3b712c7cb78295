import RouterCheckpoint

/// Resolves rotary embedding from `rope_theta` and `rope_scaling`, or from transformers 5's `rope_parameters`.
enum HuggingFaceRotary {
  static func resolve(_ config: JSONFields) throws(ImportError) -> RotaryEmbedding {
    let parameters = try config.object("rope_parameters")
    let legacy = try config.object("rope_scaling")
    let base =
      if let base = try parameters?.number("rope_theta") { base } else {
        try config.number("rope_theta") ?? 10_000
      }
    guard let scaling = parameters ?? legacy else { return RotaryEmbedding(base: base) }
    if let members = scaling.value.members, !members.isEmpty, members.allSatisfy({ $0.value.members != nil })
    {
      throw config.unsupported(
        "layers differ in their rotary embedding", "rope_parameters",
        remedy: "Use a model whose layers all share one rotary embedding.")
    }
    if let fraction = try scaling.number("partial_rotary_factor"), fraction != 1 {
      throw scaling.unsupported(
        "rotary embedding covers only part of a head", "partial_rotary_factor",
        remedy: "Use a model with full rotary embedding.")
    }
    let typeKey = scaling.contains("rope_type") ? "rope_type" : "type"
    switch try scaling.string(typeKey) ?? "default" {
    case "default": return RotaryEmbedding(base: base)
    case "linear":
      let factor = try required(scaling, "factor")
      return RotaryEmbedding(base: base, scaling: factor == 1 ? .none : .linear(factor: factor))
    case "llama3":
      return RotaryEmbedding(
        base: base,
        scaling: .llama3(
          factor: try required(scaling, "factor"),
          lowFrequencyFactor: try required(scaling, "low_freq_factor"),
          highFrequencyFactor: try required(scaling, "high_freq_factor"),
          originalContextLength: try scaling.requiredWhole("original_max_position_embeddings")))
    case let type:
      throw scaling.unsupported(
        "rotary scaling of type \(ImportError.quoted(type))", typeKey,
        remedy: "Use a model with the scaling types default, linear or llama3.")
    }
  }

  private static func required(_ fields: JSONFields, _ key: String) throws(ImportError) -> Double {
    guard let value = try fields.number(key) else { throw fields.missing(key) }
    return value
  }
}
