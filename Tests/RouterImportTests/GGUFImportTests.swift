import Foundation
import RouterCheckpoint
import RouterImport
import RouterTensor
import RouterTokenizer
import Testing

@Suite struct GGUFImportTests {
  static let matrices = [
    "token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_output.weight",
    "blk.0.ffn_down.weight",
  ]

  @Test(
    arguments: [
      (SourceEncoding.f32, UInt32(0), WeightEncoding.f32), (.f16, 1, .bf16), (.bf16, 30, .bf16),
      (.q40, 2, .q4),
      (.q41, 3, .q4), (.q50, 6, .q8), (.q51, 7, .q8), (.q80, 8, .q8), (.q4K, 12, .q4), (.q5K, 13, .q8),
      (.q6K, 14, .q8),
    ])
  func keepsThePrecisionOfTheSource(type: SourceEncoding, number: UInt32, expected: WeightEncoding) throws {
    try Fixture.withFile(GGUFBuilder.llama(type, number: number).bytes) { path in
      try Fixture.importing(path) { report, reader in
        #expect(report.encodings == [expected: 8])
        #expect(report.metadata.quantization == expected.rawValue)
        #expect(report.exactCount + report.requantizedCount == 11)
        let exact: Set<SourceEncoding> = [.f32, .bf16, .q40, .q41, .q50, .q80]
        #expect(report.exactCount == (exact.contains(type) ? 11 : 3))
        let names = reader.tensors.map(\.name)
        #expect(names.first == TensorName.embedding)
        #expect(names.contains("\(TensorName.embedding).scale") == (expected.isQuantized))
        #expect(names.contains("\(TensorName.embedding).min") == (expected == .q4))
      }
    }
  }

  /// The rows of the checkpoint equal the decoded rows of the source, with q and k in rotate-half order.
  @Test(arguments: [(SourceEncoding.f32, UInt32(0)), (.q40, 2), (.q41, 3), (.q80, 8), (.q6K, 14)])
  func separatesTheHalvesOfEachHead(type: SourceEncoding, number: UInt32) throws {
    let builder = try GGUFBuilder.llama(type, number: number)
    try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path, ImportOptions(quantization: .all(.f32))) { _, reader in
        let loaded = try reader.load()
        for (source, target, headWidth) in [
          ("blk.0.attn_q.weight", "self_attn.q_proj.weight", 128),
          ("blk.0.attn_k.weight", "self_attn.k_proj.weight", 128),
          ("blk.0.attn_v.weight", "self_attn.v_proj.weight", 0),
        ] {
          let tensor = try #require(builder.tensors.first { $0.name == source })
          var stored = [Float](repeating: 0, count: Int(tensor.shape[0]) * 256)
          tensor.data.withUnsafeBytes { data in
            stored.withUnsafeMutableBufferPointer { BlockDecoder.decode(type, data, into: $0) }
          }
          let weights = try Fixture.weights("model.layers.0.\(target)", in: loaded)
          for row in 0..<Int(tensor.shape[0]) {
            // llama.cpp's converter puts row s * K / 2 + j of a head at 2 j + s.
            let within = row % 128
            let from = headWidth == 0 ? row : row - within + 2 * (within % 64) + within / 64
            let expected = Array(stored[from * 256..<(from + 1) * 256])
            #expect(Array(weights[row * 256..<(row + 1) * 256]) == expected, "row \(row)")
          }
        }
      }
    }
  }

  @Test func permutesBiasesWithTheirRows() throws {
    var builder = try GGUFBuilder.llama()
    for (name, count) in [("q", 256), ("k", 128), ("v", 128)] {
      let data = (0..<count).flatMap { GGUFBuilder.bytes(Float($0).bitPattern) }
      builder.tensors.append(.init(name: "blk.0.attn_\(name).bias", shape: [UInt64(count)], data: data))
    }
    try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path) { report, reader in
        #expect(report.metadata.configuration.attentionBias)
        let loaded = try reader.load()
        let key = try Fixture.weights("model.layers.0.self_attn.k_proj.bias", in: loaded)
        let expected = (0..<128).map { row in Float(2 * (row % 64) + row / 64) }
        #expect(key == expected)
        let value = try Fixture.weights("model.layers.0.self_attn.v_proj.bias", in: loaded)
        #expect(value == (0..<128).map { Float($0) })
      }
    }
  }

  @Test func readsVersionTwo() throws {
    var builder = try GGUFBuilder.llama()
    builder.version = 2
    try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path) { report, _ in #expect(report.tensorCount == 11) }
    }
  }

  @Test func heedsTheAlignment() throws {
    var builder = try GGUFBuilder.llama(.f32, number: 0)
    builder.alignment = 128
    builder.set("general.alignment", .u32(128))
    let aligned = try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path) { _, reader in try Fixture.weights(TensorName.embedding, in: reader.load())
      }
    }
    let usual = try Fixture.withFile(GGUFBuilder.llama(.f32, number: 0).bytes) { path in
      try Fixture.importing(path) { _, reader in try Fixture.weights(TensorName.embedding, in: reader.load())
      }
    }
    #expect(aligned == usual)
  }

  @Test func anOutputMatrixUntiesTheHead() throws {
    var builder = try GGUFBuilder.llama()
    var head = builder.tensors[0]
    head.name = "output.weight"
    builder.tensors.append(head)
    try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path) { report, reader in
        #expect(!report.metadata.configuration.tiedHead)
        let loaded = try reader.load()
        let head = try Fixture.weights(TensorName.head, in: loaded)
        let embedding = try Fixture.weights(TensorName.embedding, in: loaded)
        #expect(head == embedding)
      }
    }
  }

  @Test func aSlidingWindowLimitsTheContext() throws {
    var builder = try GGUFBuilder.llama()
    builder.set("llama.attention.sliding_window", .u32(16))
    try Fixture.withFile(builder.bytes) { path in
      try Fixture.importing(path) { report, _ in
        #expect(report.metadata.configuration.contextLength == 16)
        #expect(report.warnings.contains { $0.contains("sliding window") })
      }
    }
  }

  @Test func readsLinearScaling() throws {
    for (key, value) in [("llama.rope.scaling.factor", Float(4)), ("llama.rope.scale_linear", 4)] {
      var builder = try GGUFBuilder.llama()
      builder.set(key, .f32(value))
      try Fixture.withFile(builder.bytes) { path in
        let model = try GGUFModel.open(path: path)
        #expect(model.configuration.rotary == RotaryEmbedding(base: 500_000, scaling: .linear(factor: 4)))
      }
    }
  }

  @Test func readsLlamaThreeScalingFromItsTensor() throws {
    let divisors = try #require(Fixture.json("rope-divisors.json")["Llama-3.1-8B"]?.elements)
    var builder = try GGUFBuilder.llama()
    let data = divisors.flatMap { GGUFBuilder.bytes(Float($0.number ?? .nan).bitPattern) }
    builder.tensors.append(.init(name: "rope_freqs.weight", shape: [64], data: data))
    try Fixture.withFile(builder.bytes) { path in
      let scaling = try GGUFModel.open(path: path).configuration.rotary.scaling
      #expect(
        scaling
          == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192))
    }
  }

  @Test func knownEndTokensEndAGenerationWhateverTheFileSays() throws {
    var builder = try GGUFBuilder.llama()
    builder.set("tokenizer.ggml.eos_token_id", nil)
    try Fixture.withFile(builder.bytes) { path in
      let tokenizer = try GGUFModel.open(path: path).tokenizer
      #expect(tokenizer.eosToken == nil)
      #expect(tokenizer.endOfGeneration == [258])
    }
    // As text that a model may write, it is no end.
    builder.set("tokenizer.ggml.token_type", .i32s([Int32](repeating: 1, count: 259)))
    try Fixture.withFile(builder.bytes) { path in
      let tokenizer = try GGUFModel.open(path: path).tokenizer
      #expect(tokenizer.endOfGeneration.isEmpty)
    }
  }

  @Test func recordsWhereTheModelComesFrom() throws {
    let bytes = try GGUFBuilder.llama().bytes
    try Fixture.withFile(bytes, name: "Tiny-1M.Q8_0.gguf") { path in
      try Fixture.importing(path, ImportOptions(tool: "router 9")) { report, reader in
        #expect(reader.metadata == report.metadata)
        #expect(report.metadata.name == "Tiny-1M")
        #expect(report.metadata.license == "apache-2.0")
        #expect(
          report.metadata.provenance
            == Provenance(
              source: "Tiny-1M.Q8_0.gguf", sourceSHA256: SHA256Digest.hex(of: bytes), tool: "router 9"))
        #expect(report.bytesIn == bytes.count)
      }
    }
  }

  @Test func stripsQuantisationFromFileNames() {
    #expect(GGUFModel.modelName("SmolLM2-135M-Instruct.Q4_1.gguf") == "SmolLM2-135M-Instruct")
    #expect(GGUFModel.modelName("llama-3.2-1b-instruct-q4_k_m.gguf") == "llama-3.2-1b-instruct")
    #expect(GGUFModel.modelName("qwen2-0.5b-F16.gguf") == "qwen2-0.5b")
    #expect(GGUFModel.modelName("Qwen2-Question.gguf") == "Qwen2-Question")
    #expect(GGUFModel.modelName("q8_0.gguf") == "q8_0")
  }

  @Test func equalSourcesGiveEqualFiles() throws {
    try Fixture.withFile(GGUFBuilder.llama(.q6K, number: 14).bytes) { path in
      let files = try [1, 4].map { threads in
        try Fixture.importing(path, ImportOptions(threadCount: threads)) { report, _ in
          try Data(contentsOf: URL(fileURLWithPath: report.path))
        }
      }
      #expect(files[0] == files[1])
    }
  }

  @Test func cancellingLeavesNothingBehind() throws {
    try Fixture.withFile(GGUFBuilder.llama().bytes) { path in
      let target = path + ".zst"
      let error = #expect(throws: ImportError.self) {
        try Importer.importModel(
          from: .gguf(path), to: target, options: ImportOptions(isCancelled: { true }))
      }
      #expect(error?.code == .cancelled)
      let directory = (path as NSString).deletingLastPathComponent
      let rest = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(rest == ["model.gguf"])
    }
  }
}
