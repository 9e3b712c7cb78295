import Foundation
import RouterCheckpoint
import RouterImport
import RouterRandom
import RouterTokenizer
import Testing

@Suite struct HostileHuggingFaceTests {
  /// Opens a changed copy of a fixture and checks what the error says.
  private func expect(
    _ code: ImportError.Code, item: String? = nil, _ part: String = "", model: String = "tiny-qwen2",
    _ sourceLocation: SourceLocation = #_sourceLocation, _ change: (String) throws -> Void
  ) throws {
    try Fixture.withCopy(of: model) { directory in
      try change(directory)
      let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) {
        try HuggingFaceModel.open(path: directory)
      }
      #expect(error?.code == code, sourceLocation: sourceLocation)
      #expect(error?.remedy.isEmpty == false, sourceLocation: sourceLocation)
      if let item { #expect(error?.location?.item == item, sourceLocation: sourceLocation) }
      if let text = error?.description, !part.isEmpty {
        #expect(text.contains(part), sourceLocation: sourceLocation)
      }
    }
  }

  /// Replaces text in a file of a copy.
  private func replace(_ text: String, _ other: String, in path: String) throws {
    let url = URL(fileURLWithPath: path)
    let old = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    let new = old.replacingOccurrences(of: text, with: other)
    try #require(new != old, "\(text) is not in \(path)")
    try Data(new.utf8).write(to: url)
  }

  @Test func refusesByNameWhatItCannotRun() throws {
    let changes: [(item: String, old: String, new: String)] = [
      ("model_type", #""model_type": "qwen2""#, #""model_type": "gemma2""#),
      ("hidden_act", #""hidden_act": "silu""#, #""hidden_act": "gelu""#),
      ("quantization_config", #""use_cache": true"#, #""quantization_config": {"bits": 4}"#),
      ("partial_rotary_factor", #""use_cache": true"#, #""partial_rotary_factor": 0.5"#),
      ("rope_scaling.type", #""use_cache": true"#, #""rope_scaling": {"type": "yarn", "factor": 4}"#),
      (
        "rope_parameters.rope_type", #""use_cache": true"#,
        #""rope_parameters": {"rope_type": "longrope", "rope_theta": 1e6}"#
      ),
      (
        "rope_parameters", #""use_cache": true"#,
        #""rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": {}}"#
      ),
    ]
    for (item, old, new) in changes {
      try expect(.unsupported, item: item) { try replace(old, new, in: "\($0)/config.json") }
    }
  }

  @Test func namesMissingFieldsAndWrongTypes() throws {
    for key in [
      "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
      "vocab_size",
      "max_position_embeddings",
    ] {
      try expect(.missing, item: key) { try replace("\"\(key)\"", "\"no_\(key)\"", in: "\($0)/config.json") }
      try expect(.malformed, item: key) {
        try replace("\"\(key)\": ", "\"\(key)\": [1], \"x\": ", in: "\($0)/config.json")
      }
    }
  }

  @Test func refusesWeightsThatDoNotFit() throws {
    try expect(.inconsistent, item: "model.embed_tokens.weight") {
      try replace(#""vocab_size": 320"#, #""vocab_size": 321"#, in: "\($0)/config.json")
    }
    try expect(.missing, item: "model.layers.2.input_layernorm.weight") {
      try replace(#""num_hidden_layers": 2"#, #""num_hidden_layers": 3"#, in: "\($0)/config.json")
    }
    try expect(.unsupported, "has no place for") {
      try replace(#""num_hidden_layers": 2"#, #""num_hidden_layers": 1"#, in: "\($0)/config.json")
    }
    try expect(.unsupported, item: "model.layers.0.self_attn.k_proj.bias", "does not compute") {
      try replace(#""model_type": "qwen2""#, #""model_type": "llama""#, in: "\($0)/config.json")
    }
  }

  @Test func namesMissingFiles() throws {
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
      try Fixture.withCopy(of: "tiny-qwen2") { directory in
        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        let error = #expect(throws: ImportError.self) { try HuggingFaceModel.open(path: directory) }
        #expect(error?.description.contains(name) == true)
      }
    }
    try expect(.inputOutput, "model-00002-of-00002.safetensors", model: "tiny-llama") {
      try FileManager.default.removeItem(atPath: "\($0)/model-00002-of-00002.safetensors")
    }
    try expect(.missing, "pickle") {
      try FileManager.default.moveItem(atPath: "\($0)/model.safetensors", toPath: "\($0)/pytorch_model.bin")
    }
    try expect(.missing, "adapter") {
      try FileManager.default.moveItem(atPath: "\($0)/model.safetensors", toPath: "\($0)/adapter_config.json")
    }
  }

  @Test func flippedBitsNeverCrash() throws {
    var generator = SplitMix64(seed: 11)
    for (model, name) in [
      ("tiny-llama", "config.json"), ("tiny-llama", "tokenizer.json"), ("tiny-llama", "tokenizer.model"),
      ("tiny-llama", "model.safetensors.index.json"), ("tiny-llama", "tokenizer_config.json"),
      ("tiny-qwen2", "tokenizer.json"), ("tiny-qwen2", "generation_config.json"),
    ] {
      try Fixture.withCopy(of: model) { directory in
        let url = URL(fileURLWithPath: "\(directory)/\(name)")
        let bytes = Array(try Data(contentsOf: url))
        if name == "tokenizer.model" {
          try FileManager.default.removeItem(atPath: "\(directory)/tokenizer.json")
        }
        for _ in 0..<60 {
          var changed = bytes
          for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let offset = Int.random(in: bytes.indices, using: &generator)
            changed[offset] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
          }
          if Bool.random(using: &generator) {
            changed.removeLast(Int.random(in: 0..<changed.count, using: &generator))
          }
          try Data(changed).write(to: url)
          do throws(ImportError) {
            _ = try HuggingFaceModel.open(path: directory)
          } catch {
            #expect(!error.what.isEmpty && !error.remedy.isEmpty)
          }
        }
      }
    }
  }

  @Test func pointsFromADirectoryToTheGGUFInIt() throws {
    try expect(.missing, "such as small.gguf") {
      try FileManager.default.moveItem(atPath: "\($0)/config.json", toPath: "\($0)/small.gguf")
    }
  }

  @Test func indexesMustNotLeadOutOfTheDirectory() throws {
    for name in ["../evil.safetensors", "/etc/x.safetensors", ".hidden.safetensors", "model.bin"] {
      try expect(.malformed, "not assigned", model: "tiny-llama") {
        try replace("model-00002-of-00002.safetensors", name, in: "\($0)/model.safetensors.index.json")
      }
    }
  }

  @Test func refusesSafetensorsCutAnywhere() throws {
    let bytes = Array(
      try Data(contentsOf: URL(fileURLWithPath: Fixture.path("tiny-qwen2/model.safetensors"))))
    let header = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    try Fixture.withDirectory { directory in
      let path = "\(directory)/model.safetensors"
      for cut in Array(stride(from: 0, to: header, by: 13)) + [
        header, header + 1, bytes.count / 2, bytes.count - 1,
      ] {
        try Data(bytes[..<cut]).write(to: URL(fileURLWithPath: path))
        #expect(throws: ImportError.self, "cut at \(cut)") { try SafetensorsFile(InputFile(path: path)) }
      }
    }
  }

  @Test func refusesHostileSafetensorsHeaders() throws {
    let wrong = [
      #"[]"#, #"{"a": 1}"#, #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}"#,
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#,
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}"#,
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 1000]}}"#,
      #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}"#,
      #"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#,
      #"{"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}}"#,
      #"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904], "data_offsets": [0, 4]}}"#,
      #"{"a": {"dtype": "F32", "shape": [4611686018427387905], "data_offsets": [0, 4]}}"#,
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
      #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
    ]
    for header in wrong {
      let bytes =
        GGUFBuilder.bytes(UInt64(header.utf8.count)) + Array(header.utf8) + [UInt8](repeating: 0, count: 8)
      try Fixture.withFile(bytes) { path in
        #expect(throws: ImportError.self, "\(header)") { try SafetensorsFile(InputFile(path: path)) }
      }
    }
    for length in [UInt64.max, 1 << 63, 1 << 32, 100] {
      try Fixture.withFile(GGUFBuilder.bytes(length) + Array("{}".utf8)) { path in
        #expect(throws: ImportError.self) { try SafetensorsFile(InputFile(path: path)) }
      }
    }
  }

  @Test func refusesTypesThatAreNotWeights() throws {
    try expect(.unsupported, item: "\"model.norm.weight\"") {
      try replaceHeader(
        "\($0)/model.safetensors", #""model.norm.weight":{"dtype":"F32""#,
        #""model.norm.weight":{"dtype":"I32""#)
    }
  }

  /// Replaces bytes of a safetensors header by others of the same length.
  private func replaceHeader(_ path: String, _ old: String, _ new: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let range = try #require(data.range(of: Data(old.utf8)))
    data.replaceSubrange(range, with: Data(new.utf8))
    try data.write(to: URL(fileURLWithPath: path))
  }

  @Test func readsSettingsOfOldAndNewVersions() throws {
    let scalings: [(String, RotaryScaling)] = [
      (#""rope_scaling": {"type": "linear", "factor": 2.5}"#, .linear(factor: 2.5)),
      (#""rope_scaling": null"#, .none),
      (#""rope_scaling": {"rope_type": "default"}"#, .none),
      (
        #""rope_parameters": {"rope_theta": 1000000.0, "rope_type": "linear", "factor": 4}"#,
        .linear(factor: 4)
      ),
      (
        #""rope_scaling": {"rope_type": "llama3", "factor": 32, "low_freq_factor": 1, "high_freq_factor": 4, "#
          + #""original_max_position_embeddings": 8192}"#,
        .llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)
      ),
    ]
    for (field, scaling) in scalings {
      try Fixture.withCopy(of: "tiny-qwen2") { directory in
        try replace(#""use_cache": true"#, field, in: "\(directory)/config.json")
        let rotary = try HuggingFaceModel.open(path: directory).configuration.rotary
        #expect(rotary == RotaryEmbedding(base: 1_000_000, scaling: scaling))
      }
    }
    try expect(.missing, item: "rope_scaling.high_freq_factor") {
      try replace(
        #""use_cache": true"#, #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 1}"#,
        in: "\($0)/config.json")
    }
  }

  @Test func aSlidingWindowInUseLimitsTheContext() throws {
    try Fixture.withCopy(of: "tiny-qwen2") { directory in
      try replace(#""full_attention""#, #""sliding_attention""#, in: "\(directory)/config.json")
      let model = try HuggingFaceModel.open(path: directory)
      #expect(model.configuration.contextLength == 128)
      #expect(model.warnings.contains { $0.contains("sliding window") })
    }
  }

  @Test func addedTokensBeyondTheEmbeddingAreDroppedAloud() throws {
    try Fixture.withCopy(of: "tiny-qwen2") { directory in
      try replace(#""id": 313"#, #""id": 320"#, in: "\(directory)/tokenizer.json")
      let model = try HuggingFaceModel.open(path: directory)
      #expect(model.tokenizer.tokens.count == 320 && !model.tokenizer.tokens.contains("<tool>"))
      #expect(model.warnings.contains { $0.contains("\"<tool>\"") })
    }
  }
}
