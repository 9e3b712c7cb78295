/// Renders a conversation as a prompt.
///
/// What a person or the model said is always ``PromptSegment/text(_:)``, so no content can make a special token. A format
/// whose markers are not special tokens (Llama-2, Alpaca; Zephyr on most vocabularies) cannot tell its markers from the
/// same words in a message: that is a property of the format.
package struct ChatTemplate: Sendable, Equatable {
  /// The format.
  package let kind: ChatTemplateKind

  /// Makes the renderer of a format.
  package init(_ kind: ChatTemplateKind) {
    self.kind = kind
  }

  /// Text of the format's own that is a special token in a vocabulary made for it.
  package var markers: [String] {
    switch kind {
    case .chatML: ["<|im_start|>", "<|im_end|>"]
    case .llama2, .alpaca: []
    case .llama3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    case .zephyr: ["<|system|>", "<|user|>", "<|assistant|>"]
    }
  }

  /// Text with which the model's turn has ended.
  package var turnEnds: [String] {
    switch kind {
    case .chatML: ["<|im_end|>"]
    case .llama2: ["[INST]"]
    case .llama3: ["<|eot_id|>"]
    case .zephyr: ["<|user|>", "<|system|>"]
    case .alpaca: [AlpacaPrompt.instructionHeading]
    }
  }
}
