import Foundation
import RouterCheckpoint
import RouterImport
import RouterTensor
import Testing

@Suite struct ArchitectureImportTests {
  /// A config.json that says no more than its model's type.
  private func config(_ type: String) throws -> JSONFields { try fields(#"{"model_type": "\#(type)"}"#) }

  private func fields(_ text: String) throws -> JSONFields {
    try JSONFields(JSONParser.parse(Array(text.utf8), file: "config.json"), file: "config.json")
  }

  /// The config.json of a copied fixture with `text` replaced.
  private func config(in directory: String, replacing text: String, with other: String) throws -> JSONFields {
    let url = URL(fileURLWithPath: "\(directory)/config.json")
    let old = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    try #require(old.contains(text))
    return try fields(old.replacingOccurrences(of: text, with: other))
  }

  /// Every tensor of the table, in the table's shape, and no other.
  @Test(arguments: ["tiny-llama", "tiny-qwen2", "tiny-llama.gguf", "tiny-qwen2.gguf"])
  func aSourceHasTheTensorsOfTheTable(model: String) throws {
    let path = try Fixture.path(model)
    let source = try model.hasSuffix(".gguf") ? GGUFModel.open(path: path) : HuggingFaceModel.open(path: path)
    #expect(source.configuration.architecture == (model.contains("llama") ? .llama : .qwen2))
    let entries = TensorTable(source.configuration).entries
    #expect(Set(source.tensors.keys) == Set(entries.map(\.name)))
    for entry in entries { #expect(source.tensors[entry.name]?.shape == entry.shape, "\(entry.name)") }
    try Fixture.importing(path, ImportOptions(quantization: .all(.f32))) { _, checkpoint in
      #expect(checkpoint.tensors.map(\.name) == entries.map(\.name))
      #expect(checkpoint.tensors.map(\.shape) == entries.map(\.shape))
    }
  }

  @Test func anUnknownFamilyOfAGGUFFileIsRefusedByName() throws {
    for name in ["gemma", "mistral", "llama4", ""] {
      var builder = try GGUFBuilder.llama()
      builder.set("general.architecture", .string(name))
      try Fixture.withFile(builder.bytes) { path in
        let error = #expect(throws: ImportError.self) { try GGUFModel.open(path: path) }
        #expect(error?.code == .unsupported && error?.location?.item == "general.architecture")
        #expect(error?.what == "the architecture \"\(name)\" is not supported")
        #expect(error?.remedy == "Use a model of an architecture that router runs: llama, qwen2.")
      }
    }
  }

  @Test func anUnknownFamilyOfADirectoryIsRefusedByName() throws {
    for name in ["gemma2", "LLAMA", "qwen3"] {
      let fields = try config(name)
      let error = #expect(throws: ImportError.self) { try HuggingFaceConfiguration.architecture(fields) }
      #expect(error?.code == .unsupported && error?.location?.item == "model_type")
      #expect(error?.what == "the architecture \"\(name)\" is not supported")
      #expect(error?.remedy == "Use a model of an architecture that router runs: llama, mistral, qwen2.")
    }
  }

  @Test(arguments: Architecture.allCases)
  func aDirectoryNamesEveryKnownFamily(architecture: Architecture) throws {
    #expect(try HuggingFaceConfiguration.architecture(config(architecture.rawValue)) == architecture)
  }

  /// Which layers of a family attend to a window, by the settings that it reads; the window limits the context.
  @Test(
    arguments: [
      ("llama", #""sliding_window": 64"#, 512), ("mistral", #""sliding_window": 64"#, 64),
      ("mistral", #""sliding_window": null"#, 512), ("mistral", #""sliding_window": 1024"#, 512),
      ("qwen2", #""sliding_window": 64"#, 512),
      ("qwen2", #""sliding_window": 64, "use_sliding_window": true"#, 64),
      ("qwen2", #""sliding_window": 64, "use_sliding_window": true, "max_window_layers": 2"#, 64),
      ("qwen2", #""sliding_window": 64, "use_sliding_window": true, "max_window_layers": 3"#, 512),
      ("llama", #""sliding_window": 64, "layer_types": ["full_attention", "sliding_attention"]"#, 64),
      ("mistral", #""sliding_window": 64, "layer_types": ["full_attention", "full_attention"]"#, 512),
    ])
  func aFamilyDecidesWhatAWindowMeans(type: String, settings: String, context: Int) throws {
    try Fixture.withCopy(of: "tiny-llama") { directory in
      let config = try config(in: directory, replacing: #""use_cache": true"#, with: settings)
      let architecture = try #require(Architecture(rawValue: type))
      let (configuration, warnings) = try HuggingFaceConfiguration.resolve(
        config, architecture, HuggingFaceWeights(directory: directory))
      #expect(configuration.contextLength == context)
      #expect(warnings.contains { $0.contains("sliding window") } == (context == 64))
    }
  }

  /// Qwen2 has biases whatever the setting says, the others have them where it says so.
  @Test(arguments: Architecture.allCases, [true, false, nil])
  func aFamilyDecidesWhatHasBiases(architecture: Architecture, setting: Bool?) throws {
    try Fixture.withCopy(of: "tiny-llama") { directory in
      let config = try config(
        in: directory, replacing: #""attention_bias": false"#,
        with: #""attention_bias": \#(setting.map { String($0) } ?? "null")"#)
      let configuration = try HuggingFaceConfiguration.resolve(
        config, architecture, HuggingFaceWeights(directory: directory)
      ).configuration
      #expect(configuration.attentionBias == (architecture == .qwen2 || setting == true))
    }
  }
}
