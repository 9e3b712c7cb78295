import Foundation
import RouterCheckpoint
import RouterImport
import RouterTensor
import RouterTokenizer
import Testing

/// Expected numbers come from torch, token ids from `sentencepiece` and `tokenizers`; see .ci/fixtures/huggingface.py.
@Suite struct HuggingFaceImportTests {
  static let models = ["tiny-llama", "tiny-qwen2"]

  @Test(arguments: models) func everyTensorHasTheValuesThatTorchSees(model: String) throws {
    let expected = try #require(Fixture.json("expected.json")[model]?["tensors"]?.members)
    try Fixture.importing(Fixture.path(model), ImportOptions(quantization: .all(.f32))) { report, reader in
      #expect(report.tensorCount == expected.count)
      #expect(report.requantizedCount == 0)
      let loaded = try reader.load()
      for member in expected {
        let weights = try Fixture.weights(member.key, in: loaded)
        let shape = try #require(member.value["shape"]?.elements).compactMap(\.whole)
        #expect(loaded[member.key]?.descriptor.shape == shape)
        let sum = try #require(member.value["sum"]?.number)
        // The same numbers added in another order, in f64.
        #expect(abs(weights.reduce(0) { $0 + Double($1) } - sum) < 1e-9)
        for element in try #require(member.value["elements"]?.elements) {
          let place = try #require(element.elements?.first?.whole)
          let value = try #require(element.elements?.last?.number)
          #expect(Double(weights[place]) == value, "\(member.key)[\(place)]")
        }
      }
    }
  }

  /// The GGUF files were written by Python's `gguf` from the same weights, permuted where llama.cpp permutes.
  @Test(arguments: models, [WeightEncoding.f32, .q8, .q4])
  func aGGUFOfTheSameModelGivesTheSameTensors(
    model: String, encoding: WeightEncoding
  ) throws {
    let options = ImportOptions(quantization: .all(encoding))
    func tensors(_ path: String) throws -> [String: [UInt8]] {
      try Fixture.importing(path, options) { _, reader in
        let loaded = try reader.load()
        return Dictionary(
          uniqueKeysWithValues: try loaded.names.map { name in
            (name, Array(try #require(loaded[name]).buffer.bytes))
          })
      }
    }
    #expect(try tensors(Fixture.path(model)) == tensors(Fixture.path("\(model).gguf")))
  }

  @Test(arguments: models) func aGGUFOfTheSameModelGivesTheSameConfiguration(model: String) throws {
    let directory = try HuggingFaceModel.open(path: Fixture.path(model))
    let gguf = try GGUFModel.open(path: Fixture.path("\(model).gguf"))
    #expect(directory.configuration == gguf.configuration)
    #expect(directory.tokenizer.tokens == gguf.tokenizer.tokens)
    #expect(directory.tokenizer.tokenKinds == gguf.tokenizer.tokenKinds)
    #expect(directory.tokenizer.addBOS == gguf.tokenizer.addBOS)
    #expect(directory.tokenizer.eosToken == gguf.tokenizer.eosToken)
    #expect(directory.tokenizer.kind == gguf.tokenizer.kind)
  }

  @Test(arguments: ["tiny-llama", "tiny-qwen2", "tiny-llama.gguf", "tiny-qwen2.gguf"])
  func tokenizersEncodeAsTheirOriginals(model: String) throws {
    let encodings = try #require(
      Fixture.json("expected.json")[model.replacingOccurrences(of: ".gguf", with: "")]?["encodings"]?.elements
    )
    let path = try Fixture.path(model)
    let source = try model.hasSuffix(".gguf") ? GGUFModel.open(path: path) : HuggingFaceModel.open(path: path)
    let tokenizer = try Tokenizer(source.tokenizer)
    for encoding in encodings {
      let text = try #require(encoding.elements?.first?.text)
      let ids = try #require(encoding.elements?.last?.elements).compactMap { $0.whole.map(TokenID.init) }
      #expect(tokenizer.encode(text) == ids, "\(text)")
    }
  }

  @Test func readsTheConfiguration() throws {
    let llama = try HuggingFaceModel.open(path: Fixture.path("tiny-llama"))
    #expect(
      try llama.configuration
        == ModelConfiguration(
          architecture: .llama, layerCount: 3, width: 32, headCount: 4, keyValueHeadCount: 2, headWidth: 8,
          feedForwardWidth: 64, vocabularySize: 340, contextLength: 512, normEpsilon: 1e-5,
          rotary: RotaryEmbedding(base: 20_000), tiedHead: true, attentionBias: false))
    #expect(llama.license == "apache-2.0")
    #expect(llama.name == "tiny-llama")
    let qwen2 = try HuggingFaceModel.open(path: Fixture.path("tiny-qwen2"))
    #expect(
      try qwen2.configuration
        == ModelConfiguration(
          architecture: .qwen2, layerCount: 2, width: 32, headCount: 4, keyValueHeadCount: 2, headWidth: 8,
          feedForwardWidth: 64, vocabularySize: 320, contextLength: 256, normEpsilon: 1e-6,
          rotary: RotaryEmbedding(base: 1_000_000), tiedHead: false, attentionBias: true))
  }

  @Test func readsTheTokenizer() throws {
    let qwen2 = try HuggingFaceModel.open(path: Fixture.path("tiny-qwen2")).tokenizer
    #expect(qwen2.normalisation == .nfc)
    #expect(qwen2.eosToken == 312)
    #expect(qwen2.padToken == 310)
    #expect(qwen2.endOfGeneration == [310, 312])
    #expect(qwen2.tokens.count == 320)
    #expect(qwen2.tokenKinds[312] == .control && qwen2.tokenKinds[313] == .userDefined)
    #expect(qwen2.tokenKinds[319] == .unused)
    #expect(!qwen2.addBOS)
    let llama = try HuggingFaceModel.open(path: Fixture.path("tiny-llama")).tokenizer
    #expect(llama.bosToken == 1 && llama.eosToken == 2 && llama.unknownToken == 0 && llama.addBOS)
    #expect(
      llama.tokenKinds[0] == .unknown && llama.tokenKinds[1] == .control && llama.tokenKinds[3] == .byte)
  }

  /// tokenizer.json alone, tokenizer.model alone and both together describe one tokenizer.
  @Test func sentencePieceComesFromEitherFile() throws {
    let encodings = try #require(Fixture.json("expected.json")["tiny-llama"]?["encodings"]?.elements)
    for removed in ["tokenizer.json", "tokenizer.model"] {
      try Fixture.withCopy(of: "tiny-llama") { directory in
        try FileManager.default.removeItem(atPath: "\(directory)/\(removed)")
        let definition = try HuggingFaceModel.open(path: directory).tokenizer
        #expect(definition.addBOS && definition.bosToken == 1 && definition.eosToken == 2)
        let tokenizer = try Tokenizer(definition)
        for encoding in encodings {
          let text = try #require(encoding.elements?.first?.text)
          let ids = try #require(encoding.elements?.last?.elements).compactMap { $0.whole.map(TokenID.init) }
          #expect(tokenizer.encode(text) == ids, "\(text) without \(removed)")
        }
      }
    }
  }

  @Test func hashesOneFileOrTheListOfSeveral() throws {
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    let lines = try shards.map {
      "\(try SHA256Digest.hex(ofFile: Fixture.path("tiny-llama/\($0)")))  \($0)\n"
    }
    try Fixture.importing(Fixture.path("tiny-llama")) { report, _ in
      #expect(report.metadata.provenance.source == "tiny-llama")
      #expect(report.metadata.provenance.sourceSHA256 == SHA256Digest.hex(of: Array(lines.joined().utf8)))
      #expect(report.metadata.quantization == "bf16")
    }
    let single = try SHA256Digest.hex(ofFile: Fixture.path("tiny-qwen2/model.safetensors"))
    try Fixture.importing(Fixture.path("tiny-qwen2")) { report, _ in
      #expect(report.metadata.provenance.sourceSHA256 == single)
      #expect(report.metadata.quantization == "f32")
    }
  }

  @Test func recognisesWhatLiesAtAPath() throws {
    #expect(try ImportSource(path: Fixture.path("tiny-llama")) == .directory(Fixture.path("tiny-llama")))
    #expect(try ImportSource(path: Fixture.path("tiny-llama.gguf")) == .gguf(Fixture.path("tiny-llama.gguf")))
    for (name, code) in [
      ("no-such-file", ImportError.Code.inputOutput), ("tiny-qwen2/model.safetensors", .unsupported),
      ("tiny-llama/README.md", .unsupported),
    ] {
      let path = try Fixture.path(name)
      let error = #expect(throws: ImportError.self) { try ImportSource(path: path) }
      #expect(error?.code == code)
    }
  }
}
