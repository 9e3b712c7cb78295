extension ChatTemplate {
  /// The format of a Hugging Face or GGUF `chat_template`, with its own default system message; nil if it is none of
  /// those that this runtime renders.
  ///
  /// The template is not run: formats are told apart by their markers. Tools and dates that a template may add are left
  /// out.
  package static func recognise(jinja: String) -> ChatTemplateKind? {
    func mentions(_ texts: String...) -> Bool { texts.allSatisfy(jinja.contains) }
    if mentions("<|im_start|>", "<|im_end|>") {
      return .chatML(defaultSystem: defaultSystem(chatML: jinja))
    }
    if mentions("<|start_header_id|>", "<|eot_id|>") { return .llama3 }
    if mentions("[INST]", "<<SYS>>") { return .llama2 }
    // Others use the same names but end a turn differently.
    if mentions("<|user|>", "<|assistant|>", "eos_token"), !mentions("<|end|>"), !mentions("[gMASK]") {
      return .zephyr
    }
    if mentions("### Instruction:", "### Response:"), !mentions("<|EOT|>") { return .alpaca }
    return nil
  }

  /// The text of a literal `<|im_start|>system\n...<|im_end|>`.
  private static func defaultSystem(chatML jinja: String) -> String? {
    for newline in ["\n", "\\n"] {
      var rest = jinja[...]
      while let start = rest.firstRange(of: "<|im_start|>system" + newline) {
        let before = jinja[..<start.lowerBound]
        rest = rest[start.upperBound...]
        guard let end = rest.firstRange(of: "<|im_end|>") else { break }
        let text = rest[..<end.lowerBound]
        if !text.isEmpty, isLiteral(text, after: before) { return unescaped(text) }
      }
    }
    return nil
  }

  /// Whether a text is one string literal, or plain template text, rather than an expression.
  private static func isLiteral(_ text: Substring, after before: Substring) -> Bool {
    if text.contains(where: { "{}".contains($0) }) { return false }
    guard let quote = before.lastIndex(where: { "'\"".contains($0) }),
      !before[quote...].contains("%}"), !before[quote...].contains("}}")
    else { return true }
    var isEscaped = false
    for character in text {
      if character == before[quote], !isEscaped { return false }
      isEscaped = character == "\\" && !isEscaped
    }
    return true
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        result.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
