import RouterCheckpoint

/// Resolves rotary embedding, whose scaling GGUF tells in keys (linear) or as a tensor (Llama 3.1).
enum GGUFRotary {
  /// The tensor with one divisor for each rotary pair.
  static let tensorName = "rope_freqs.weight"

  static func resolve(
    _ settings: GGUFSettings, _ gguf: GGUFFile, headWidth: Int
  ) throws(ImportError) -> RotaryEmbedding {
    let base = try settings.number(settings.key("rope.freq_base")) ?? 10_000
    let linear = try linearFactor(settings)
    guard let tensor = gguf.tensors[tensorName] else {
      return RotaryEmbedding(base: base, scaling: linear.map { .linear(factor: $0) } ?? .none)
    }
    guard linear == nil else {
      throw settings.unsupported(
        "the model has both linear and per-pair rotary scaling", settings.key("rope.scaling.type"),
        remedy: "Use a model with one kind of rotary scaling.")
    }
    let divisors = try read(tensor, of: gguf.file, count: headWidth / 2)
    guard base.isFinite, base > 1,
      let scaling = LlamaScaling.recover(divisors, base: base, headWidth: headWidth)
    else {
      throw ImportError(
        .unsupported, "the rotary scaling is not that of Llama 3.1",
        at: .init(file: settings.file, item: tensorName, offset: tensor.offset),
        remedy: "Import the model's Hugging Face directory instead, if its config.json says rope_type llama3."
      )
    }
    return RotaryEmbedding(base: base, scaling: scaling)
  }

  private static func linearFactor(_ settings: GGUFSettings) throws(ImportError) -> Double? {
    let typeKey = settings.key("rope.scaling.type")
    let type = try settings.string(typeKey) ?? "linear"
    let factor =
      if let factor = try settings.number(settings.key("rope.scaling.factor")) { factor } else {
        try settings.number(settings.key("rope.scale_linear")) ?? 0
      }
    switch type {
    case "none": return nil
    case "linear":
      // llama.cpp's converter writes 0 for "not scaled".
      guard factor != 0, factor != 1 else { return nil }
      return factor
    default:
      throw settings.unsupported(
        "rotary scaling of type \(ImportError.quoted(type))", typeKey,
        remedy: "Use a model with the scaling types none, linear or llama3.")
    }
  }

  private static func read(
    _ tensor: GGUFFile.Tensor, of file: InputFile, count: Int
  ) throws(ImportError) -> [Double] {
    guard tensor.shape == [count], tensor.encoding == .f32 else {
      throw ImportError(
        .malformed, "the tensor is \(tensor.encoding.rawValue) \(tensor.shape), not F32 [\(count)]",
        at: .init(file: file.name, item: tensor.name, offset: tensor.offset),
        remedy: ImportError.downloadAgain)
    }
    let source = SourceTensor(
      file: file, name: tensor.name, encoding: tensor.encoding, shape: tensor.shape, offset: tensor.offset)
    var values: [Double] = []
    try source.forEachDecodedChunk { _, floats in values += floats.map(Double.init) }
    return values
  }
}
