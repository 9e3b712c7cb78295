/// Stanford Alpaca's two prompts (github.com/tatsu-lab/stanford_alpaca, `train.py`, PROMPT_DICT).
package enum AlpacaPrompt {
  /// Precedes an instruction.
  static let instructionHeading = "### Instruction:"
  /// Precedes an answer, which follows without a space.
  static let responseHeading = "### Response:"
  /// What a conversation begins with that has no system message.
  static let preamble =
    "Below is an instruction that describes a task. Write a response that appropriately completes the request."
  private static let preambleWithInput =
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    + "Write a response that appropriately completes the request."

  /// The prompt of an instruction; an empty input counts as none.
  package static func segments(instruction: String, input: String? = nil) -> [PromptSegment] {
    guard let input, !input.isEmpty else {
      return [
        .control("\(preamble)\n\n\(instructionHeading)\n"), .text(instruction),
        .control("\n\n\(responseHeading)"),
      ]
    }
    return [
      .control("\(preambleWithInput)\n\n\(instructionHeading)\n"), .text(instruction),
      .control("\n\n### Input:\n"), .text(input), .control("\n\n\(responseHeading)"),
    ]
  }
}
