import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import Testing

/// The table against shapes spelt out: D 6, H 4, G 2, K 8, F 10, V 20.
struct TensorTableTests {
  private func table(
    _ architecture: Architecture = .qwen2, tiedHead: Bool = false, attentionBias: Bool = true
  ) throws -> TensorTable {
    TensorTable(
      try ModelConfiguration(
        architecture: architecture, layerCount: 2, width: 6, headCount: 4, keyValueHeadCount: 2, headWidth: 8,
        feedForwardWidth: 10, vocabularySize: 20, contextLength: 64, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 10_000), tiedHead: tiedHead, attentionBias: attentionBias))
  }

  private static let shared: [(String, [Int])] = [
    ("model.embed_tokens.weight", [20, 6]), ("model.norm.weight", [6]), ("lm_head.weight", [20, 6]),
  ]

  private static let layer: [(String, [Int])] = [
    ("input_layernorm.weight", [6]),
    ("self_attn.q_proj.weight", [32, 6]), ("self_attn.q_proj.bias", [32]),
    ("self_attn.k_proj.weight", [16, 6]), ("self_attn.k_proj.bias", [16]),
    ("self_attn.v_proj.weight", [16, 6]), ("self_attn.v_proj.bias", [16]),
    ("self_attn.o_proj.weight", [6, 32]), ("post_attention_layernorm.weight", [6]),
    ("mlp.gate_proj.weight", [10, 6]), ("mlp.up_proj.weight", [10, 6]), ("mlp.down_proj.weight", [6, 10]),
  ]

  private func expected(tiedHead: Bool, attentionBias: Bool) -> [(String, [Int])] {
    Self.shared.filter { !tiedHead || $0.0 != "lm_head.weight" }
      + (0..<2).flatMap { index in
        Self.layer.filter { attentionBias || !$0.0.hasSuffix("bias") }
          .map { ("model.layers.\(index).\($0.0)", $0.1) }
      }
  }

  @Test(arguments: Architecture.allCases, [(false, true), (true, true), (false, false), (true, false)])
  func namesAndShapesAreThoseOfTheModel(
    architecture: Architecture, _ settings: (tiedHead: Bool, attentionBias: Bool)
  ) throws {
    let table = try table(
      architecture, tiedHead: settings.tiedHead, attentionBias: settings.attentionBias)
    let expected = expected(tiedHead: settings.tiedHead, attentionBias: settings.attentionBias)
    #expect(table.entries.map(\.name) == expected.map(\.0))
    #expect(table.entries.map(\.shape) == expected.map(\.1))
  }

  @Test func aPrefixEndsWithItsLastLayer() throws {
    let table = try table()
    #expect(table.entries(layerCount: 1) == Array(table.entries.prefix(3 + 12)))
    #expect(table.entries(ofLayer: 1) == Array(table.entries.suffix(12)))
  }

  @Test func rolesFollowFromShapes() throws {
    for entry in try table().entries {
      let isVocabulary = entry.name == TensorName.embedding || entry.name == TensorName.head
      #expect(
        (entry.part.role == .vector) == (entry.shape.count == 1) && entry.isMatrix == (entry.shape.count == 2)
      )
      #expect((entry.part.role == .vocabulary) == isVocabulary)
      #expect(entry.part.isRotated == (entry.name.contains("q_proj") || entry.name.contains("k_proj")))
      #expect(entry.part.isBias == entry.name.hasSuffix("bias"))
      #expect(entry.elementCount == entry.shape.reduce(1, *))
    }
  }

  /// The writer's order is the table's, whatever order it is given.
  @Test func aFileHasTheOrderOfTheTable() throws {
    let table = TensorTable(try configuration())
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    let tensors = table.entries.reversed().map { entry in
      PendingTensor(name: entry.name, dtype: .f32, shape: entry.shape) { _ in }
    }
    try CheckpointWriter.write(to: path, metadata: metadata(), tensors: tensors)
    let reader = try CheckpointReader(path: path)
    #expect(reader.tensors.map(\.name) == table.entries.map(\.name))
    #expect(reader.tensors.map(\.shape) == table.entries.map(\.shape))
    let layers = table.entries.map { entry in
      if case .layer(let index, _) = entry.part { index + 1 } else { nil as Int? }
    }
    #expect(reader.tensors.map(\.layer) == layers)
  }
}
