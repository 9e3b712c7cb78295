/// A chat format that this runtime can render.
package enum ChatTemplateKind: Sendable, Codable, Equatable {
  /// `<|im_start|>role\ncontent<|im_end|>\n`; `defaultSystem` is inserted when the first message is not a system one.
  case chatML(defaultSystem: String?)
  /// `[INST] <<SYS>>...<</SYS>> ... [/INST]`.
  case llama2
  /// `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`.
  case llama3
  /// `<|role|>\ncontent</s>\n`.
  case zephyr
  /// Stanford Alpaca's `### Instruction:` and `### Response:`.
  case alpaca
}
