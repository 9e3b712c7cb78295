extension ChatTemplate {
  /// The prompt of a conversation; with `addGenerationPrompt` it ends where the model's answer begins.
  ///
  /// - Throws: ``TokenizerError/Code/invalidConversation`` if there is no message, or the format cannot express the order
  ///   of the roles.
  package func render(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = true
  ) throws(TokenizerError) -> [PromptSegment] {
    guard let first = messages.first else {
      throw TokenizerError(
        .invalidConversation, "the conversation has no messages", location: "messages",
        remedy: "Send at least one message")
    }
    switch kind {
    case .chatML(let defaultSystem):
      let inserted =
        first.role == .system ? nil : defaultSystem.map { ChatMessage(role: .system, content: $0) }
      return chatML([inserted].compactMap { $0 } + messages, addGenerationPrompt)
    case .llama2: return llama2(try Dialogue(messages))
    case .llama3: return llama3(messages, addGenerationPrompt)
    case .zephyr: return zephyr(messages, addGenerationPrompt)
    case .alpaca: return alpaca(try Dialogue(messages), addGenerationPrompt)
    }
  }

  private func chatML(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [PromptSegment] {
    let turns: [[PromptSegment]] = messages.map {
      [.control("<|im_start|>\($0.role.rawValue)\n"), .text($0.content), .control("<|im_end|>\n")]
    }
    return turns.flatMap { $0 } + (addGenerationPrompt ? [.control("<|im_start|>assistant\n")] : [])
  }

  private func llama3(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [PromptSegment] {
    func header(_ role: ChatMessage.Role) -> PromptSegment {
      .control("<|start_header_id|>\(role.rawValue)<|end_header_id|>\n\n")
    }
    let turns: [[PromptSegment]] = messages.map {
      [header($0.role), .text($0.content.strippingWhitespace()), .control("<|eot_id|>")]
    }
    return [.bos] + turns.flatMap { $0 } + (addGenerationPrompt ? [header(.assistant)] : [])
  }

  private func zephyr(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [PromptSegment] {
    let turns: [[PromptSegment]] = messages.map {
      [.control("<|\($0.role.rawValue)|>\n"), .text($0.content), .eos, .control("\n")]
    }
    return turns.flatMap { $0 } + (addGenerationPrompt ? [.control("<|assistant|>\n")] : [])
  }

  private func llama2(_ dialogue: Dialogue) -> [PromptSegment] {
    var segments: [PromptSegment] = []
    for (index, message) in dialogue.turns.enumerated() {
      switch message.role {
      case .assistant:
        segments += [.control(" "), .text(message.content.strippingWhitespace()), .control(" "), .eos]
      case .user, .system:
        segments += [.bos, .control("[INST] ")]
        if index == 0, let system = dialogue.system {
          // The reference strips system and user text as one.
          let content = message.content.strippingWhitespace(leading: false)
          segments += [.control("<<SYS>>\n"), .text(system), .control("\n<</SYS>>")]
          segments += content.isEmpty ? [] : [.control("\n\n"), .text(content)]
        } else {
          segments.append(.text(message.content.strippingWhitespace()))
        }
        segments.append(.control(" [/INST]"))
      }
    }
    return segments
  }

  private func alpaca(_ dialogue: Dialogue, _ addGenerationPrompt: Bool) -> [PromptSegment] {
    var segments: [PromptSegment] = [
      dialogue.system.map { .text($0.strippingWhitespace()) } ?? .control(AlpacaPrompt.preamble)
    ]
    for message in dialogue.turns {
      let isAnswer = message.role == .assistant
      let heading = isAnswer ? AlpacaPrompt.responseHeading : "\(AlpacaPrompt.instructionHeading)\n"
      segments += [.control("\n\n\(heading)"), .text(message.content.strippingWhitespace())]
      if isAnswer { segments.append(.eos) }
    }
    return segments + (addGenerationPrompt ? [.control("\n\n\(AlpacaPrompt.responseHeading)")] : [])
  }

  /// An optional system message, then user and assistant in turn.
  private struct Dialogue {
    let system: String?
    let turns: ArraySlice<ChatMessage>

    init(_ messages: [ChatMessage]) throws(TokenizerError) {
      let hasSystem = messages.first?.role == .system
      system = hasSystem ? messages.first?.content : nil
      turns = messages.dropFirst(hasSystem ? 1 : 0)
      for (index, message) in turns.enumerated() where message.role != (index % 2 == 0 ? .user : .assistant) {
        throw TokenizerError(
          .invalidConversation, "user and assistant don't take turns", location: "message \(index + 1)",
          remedy: "Send an optional system message, then user and assistant in turn")
      }
      guard !turns.isEmpty else {
        throw TokenizerError(
          .invalidConversation, "there's no message but the system's", location: "messages",
          remedy: "Send at least one user message")
      }
    }
  }
}

extension String {
  /// The text without white space at its ends, as Python's `strip`.
  fileprivate func strippingWhitespace(leading: Bool = true) -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
    let start = leading ? unicodeScalars.drop(while: isSpace) : unicodeScalars[...]
    guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(start[...last])
  }
}
