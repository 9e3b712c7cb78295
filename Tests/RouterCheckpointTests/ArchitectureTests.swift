import Foundation
import RouterCheckpoint
import Testing

struct ArchitectureTests {
  @Test func everyFamilyIsFoundByItsNames() {
    #expect(Architecture.allCases.map(\.rawValue) == ["llama", "mistral", "qwen2"])
    for architecture in Architecture.allCases {
      #expect(Architecture(rawValue: architecture.rawValue) == architecture)
      if let gguf = architecture.traits.gguf { #expect(Architecture(ggufName: gguf.name) == architecture) }
    }
    #expect(Architecture.titles == "LLaMA, Mistral or Qwen2")
  }

  /// In GGUF files models of Mistral are called llama, so that nothing is called mistral.
  @Test(arguments: ["mistral", "Llama", "llama ", "", "mamba"])
  func namesOfOtherFamiliesAreUnknown(name: String) {
    #expect(Architecture(ggufName: name) == nil)
    #expect(name == "mistral" || Architecture(rawValue: name) == nil)
  }

  @Test func anUnknownFamilyIsRefusedByNameWithThoseThatAreKnown() throws {
    let error = #expect(throws: CheckpointError.self) {
      try JSONDecoder().decode([Architecture].self, from: Data(#"["mamba\u0007"]"#.utf8))
    }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.what == #"the architecture "mamba\u{7}" is not supported"#)
    #expect(error?.remedy.contains("llama, mistral, qwen2") == true)
  }

  /// As the first checkpoints have it.
  @Test(arguments: Architecture.allCases)
  func aConfigurationStoresTheNameAsItsFamily(architecture: Architecture) throws {
    let configuration = try configuration(architecture: architecture)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(configuration), as: UTF8.self)
    #expect(
      text == """
        {"attention_bias":true,"context_length":128,"family":"\(architecture.rawValue)","feed_forward_width":64,\
        "head_count":4,"head_width":8,"key_value_head_count":2,"layer_count":3,"norm_epsilon":1e-05,\
        "rotary":{"base":10000,"scaling":{"kind":"none"}},"tied_head":false,"vocabulary_size":40,"width":32}
        """)
  }
}
