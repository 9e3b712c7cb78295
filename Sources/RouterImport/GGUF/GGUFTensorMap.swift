import RouterCheckpoint

/// Finds the tensors of a GGUF file by the names that llama.cpp's converter gives them.
enum GGUFTensorMap {
  /// The source tensors by checkpoint name, and warnings about tensors that were left out.
  ///
  /// - Throws: `ImportError` for a missing, extra or misshapen tensor.
  static func resolve(
    _ gguf: GGUFFile, _ configuration: ModelConfiguration
  ) throws(ImportError) -> (tensors: [String: SourceTensor], warnings: [String]) {
    var rest = gguf.tensors
    var tensors: [String: SourceTensor] = [:]
    for entry in TensorTable(configuration).entries {
      let name = ggufName(of: entry.part)
      guard let tensor = rest.removeValue(forKey: name) else {
        throw ImportError(
          .missing, "the file lacks the tensor \(name)", at: .init(file: gguf.file.name, item: name),
          remedy: ImportError.downloadAgain)
      }
      guard tensor.shape == entry.shape else {
        throw ImportError(
          .inconsistent, "the tensor is \(tensor.shape) where the metadata asks for \(entry.shape)",
          at: .init(file: gguf.file.name, item: name, offset: tensor.offset),
          remedy: "Convert the model again with a current llama.cpp, or download it again.")
      }
      var source = try sourceTensor(tensor, of: gguf)
      if configuration.architecture.traits.gguf?.interleavesHeads == true, entry.part.isRotated {
        source.rowOrder = .interleavedHeads(headWidth: configuration.headWidth)
      }
      tensors[entry.name] = source
    }
    return (tensors, try checkRest(rest, of: gguf))
  }

  /// What remains must not matter: precomputed rotary tables, and biases that are zero.
  private static func checkRest(
    _ rest: [String: GGUFFile.Tensor], of gguf: GGUFFile
  ) throws(ImportError) -> [String] {
    var warnings: [String] = []
    for (name, tensor) in rest.sorted(by: { $0.key < $1.key }) {
      if name == GGUFRotary.tensorName || name.hasSuffix(".attn_rot_embd") { continue }
      guard name.hasSuffix(".bias") else {
        throw ImportError(
          .unsupported, "the file has a tensor that router has no place for",
          at: .init(file: gguf.file.name, item: ImportError.quoted(name), offset: tensor.offset),
          remedy: "Use a model of the plain \(Architecture.titles) architecture.")
      }
      warnings.append(try UnusedBias.drop(try sourceTensor(tensor, of: gguf)))
    }
    return warnings
  }

  /// - Throws: `ImportError` unless the tensor is a matrix, or a vector of a type without blocks.
  private static func sourceTensor(
    _ tensor: GGUFFile.Tensor, of gguf: GGUFFile
  ) throws(ImportError) -> SourceTensor {
    guard tensor.shape.count == 2 || (tensor.shape.count == 1 && tensor.encoding.blockElements == 1) else {
      throw ImportError(
        .unsupported,
        "the tensor is \(tensor.encoding.rawValue) \(tensor.shape), neither a matrix nor a wide vector",
        at: .init(file: gguf.file.name, item: ImportError.quoted(tensor.name), offset: tensor.offset),
        remedy: "Convert the model again with a current llama.cpp, or download it again.")
    }
    return SourceTensor(
      file: gguf.file, name: tensor.name, encoding: tensor.encoding, shape: tensor.shape,
      offset: tensor.offset)
  }

  private static func ggufName(of part: TensorPart) -> String {
    switch part {
    case .embedding: "token_embd.weight"
    case .finalNorm: "output_norm.weight"
    case .head: "output.weight"
    case .layer(let index, let part): "blk.\(index).\(ggufName(of: part))"
    }
  }

  private static func ggufName(of part: LayerPart) -> String {
    switch part {
    case .inputNorm: "attn_norm.weight"
    case .queryWeight: "attn_q.weight"
    case .queryBias: "attn_q.bias"
    case .keyWeight: "attn_k.weight"
    case .keyBias: "attn_k.bias"
    case .valueWeight: "attn_v.weight"
    case .valueBias: "attn_v.bias"
    case .outputWeight: "attn_output.weight"
    case .postAttentionNorm: "ffn_norm.weight"
    case .gateWeight: "ffn_gate.weight"
    case .upWeight: "ffn_up.weight"
    case .downWeight: "ffn_down.weight"
    }
  }
}
