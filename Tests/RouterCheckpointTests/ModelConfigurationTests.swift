import Foundation
import RouterCheckpoint
import Testing

struct ModelConfigurationTests {
  private static let json = """
    {"family":"llama","layer_count":2,"width":32,"head_count":4,"key_value_head_count":2,"head_width":8,\
    "feed_forward_width":64,"vocabulary_size":40,"context_length":128,"norm_epsilon":1e-05,\
    "rotary":{"base":10000,"scaling":SCALING},"tied_head":true,"attention_bias":false}
    """

  private func decode(_ change: (from: String, to: String)?, scaling: String = #"{"kind":"none"}"#) throws
    -> ModelConfiguration
  {
    var text = Self.json.replacingOccurrences(of: "SCALING", with: scaling)
    if let change {
      #expect(text.contains(change.from))
      text = text.replacingOccurrences(of: change.from, with: change.to)
    }
    return try JSONDecoder().decode(ModelConfiguration.self, from: Data(text.utf8))
  }

  @Test(arguments: [
    RotaryScaling.none, .linear(factor: 4),
    .llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192),
  ])
  func survivesJSON(scaling: RotaryScaling) throws {
    for architecture in Architecture.allCases {
      let configuration = try ModelConfiguration(
        architecture: architecture, layerCount: 30, width: 576, headCount: 9, keyValueHeadCount: 3,
        headWidth: 64,
        feedForwardWidth: 1536, vocabularySize: 49152, contextLength: 8192, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 100_000, scaling: scaling), tiedHead: true, attentionBias: false)
      let data = try JSONEncoder().encode(configuration)
      #expect(try JSONDecoder().decode(ModelConfiguration.self, from: data) == configuration)
    }
  }

  @Test func decodesItsDocumentedForm() throws {
    let configuration = try decode(nil)
    #expect(configuration.layerCount == 2)
    #expect(configuration.normEpsilon == 1e-5)
    #expect(configuration.rotary == RotaryEmbedding(base: 10000))
    #expect(configuration.tiedHead)
  }

  @Test(arguments: [
    (#""llama""#, #""mamba""#), (#""layer_count":2"#, #""layer_count":0"#),
    (#""layer_count":2"#, #""layer_count":1025"#), (#""width":32"#, #""width":-32"#),
    (#""width":32"#, #""width":131073"#), (#""head_count":4,"#, #""head_count":5,"#),
    (#""key_value_head_count":2"#, #""key_value_head_count":8"#), (#""head_width":8"#, #""head_width":7"#),
    (#""vocabulary_size":40"#, #""vocabulary_size":4194305"#),
    (#""context_length":128"#, #""context_length":0"#),
    ("1e-05", "0"), ("1e-05", "-1e-05"), ("1e-05", "1"), ("10000", "0"), ("10000", "1"), ("10000", "-5"),
  ])
  func decodingChecksValues(from: String, to: String) throws {
    let error = #expect(throws: CheckpointError.self) { try decode((from, to)) }
    #expect(error?.code == .invalidConfiguration)
  }

  @Test(arguments: [
    (#""layer_count":2"#, #""layer_count":2.5"#),
    (#""layer_count":2"#, #""layer_count":99999999999999999999"#),
    (#""width":32,"#, ""), ("true", "1"), ("10000", "1e999"),
  ])
  func decodingChecksTypes(from: String, to: String) {
    #expect(throws: DecodingError.self) { try decode((from, to)) }
  }

  @Test(arguments: [
    #"{"kind":"linear","factor":0}"#, #"{"kind":"linear","factor":-1}"#,
    #"{"kind":"llama3","factor":8,"low_frequency_factor":4,"high_frequency_factor":4,"original_context_length":8192}"#,
    #"{"kind":"llama3","factor":8,"low_frequency_factor":1,"high_frequency_factor":4,"original_context_length":0}"#,
  ])
  func decodingChecksScaling(scaling: String) throws {
    let error = #expect(throws: CheckpointError.self) { try decode(nil, scaling: scaling) }
    #expect(error?.code == .invalidConfiguration)
  }

  @Test func valuesThatAreNotNumbersAreRefused() {
    for (epsilon, base) in [(Float.nan, 1e4), (.infinity, 1e4), (1e-5, Double.nan), (1e-5, .infinity)] {
      let error = failure { () throws(CheckpointError) in
        _ = try ModelConfiguration(
          architecture: .llama, layerCount: 1, width: 8, headCount: 1, keyValueHeadCount: 1, headWidth: 8,
          feedForwardWidth: 8, vocabularySize: 8, contextLength: 8, normEpsilon: epsilon,
          rotary: RotaryEmbedding(base: base), tiedHead: true, attentionBias: false)
      }
      #expect(error?.code == .invalidConfiguration)
    }
  }

  @Test func exitsAreAscendingLayersThatEndWithTheLast() throws {
    #expect(try metadata(layers: 30, exits: [9, 12, 30]).exits == [9, 12, 30])
    for exits in [[], [9], [12, 9, 30], [9, 9, 30], [0, 30], [9, 31], [-1, 30]] {
      let error = failure { () throws(CheckpointError) in _ = try metadata(layers: 30, exits: exits) }
      #expect(error?.code == .invalidMetadata)
    }
  }
}
