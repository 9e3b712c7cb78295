import Foundation
import RouterTokenizer

/// One prompt with, if the data has it, the answer that people gave.
package struct PromptExample: Sendable, Equatable {
  /// The conversation up to the answer; the last message is the user's.
  package let messages: [ChatMessage]
  /// The reference answer; nil if the row has none.
  package let reference: String?
  /// Whether the row is a question with a short answer, on which exact match makes sense.
  package let isQuestion: Bool
  /// Instruction and input apart, for templates and judges that want them so; nil for a conversation.
  package let instruction: Instruction?
  /// Whether the answer was broken off, so that no end of text follows it.
  package let isBrokenOff: Bool

  /// A task, and what it is about.
  package struct Instruction: Sendable, Equatable {
    package let text: String
    /// May be empty.
    package let input: String
  }
}

extension PromptExample {
  /// What a user says, with no reference answer.
  package init(user text: String) {
    self.init(
      messages: [ChatMessage(role: .user, content: text)], reference: nil, isQuestion: false,
      instruction: nil,
      isBrokenOff: false)
  }
}

extension PromptExample: Decodable {
  private enum CodingKeys: String, CodingKey {
    case instruction, input, output, question, answer, prompt, completion, messages, finish
  }

  /// Reads a row in one of four forms: `instruction, input, output` (Alpaca), `question, answer`,
  /// `prompt, completion`, or OpenAI's `messages`. A field `finish` that says `length` marks an answer that was
  /// broken off. Other fields are ignored.
  ///
  /// - Throws: ``EvaluationError`` `unusableRow`, located within the JSON, or `DecodingError`.
  package init(from decoder: any Decoder) throws {
    let row = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String? { try row.decodeIfPresent(String.self, forKey: key) }
    let isBrokenOff = try text(.finish) == "length"
    if var messages = try row.decodeIfPresent([ChatMessage].self, forKey: .messages) {
      let answer = messages.last?.role == .assistant ? messages.popLast()?.content : nil
      guard messages.last?.role == .user else {
        throw EvaluationError(
          .unusableRow, "the conversation has no user message before the answer",
          at: Self.location(decoder.codingPath),
          remedy: "End messages with a user message, or with a user message and an assistant's answer.")
      }
      self.init(
        messages: messages, reference: answer, isQuestion: false, instruction: nil, isBrokenOff: isBrokenOff)
    } else if let instruction = try text(.instruction) {
      let input = try text(.input) ?? ""
      self.init(
        Instruction(text: instruction, input: input), reference: try text(.output), isQuestion: false,
        isBrokenOff: isBrokenOff)
    } else if let question = try text(.question) {
      self.init(
        Instruction(text: question, input: ""), reference: try text(.answer), isQuestion: true,
        isBrokenOff: isBrokenOff)
    } else if let prompt = try text(.prompt) {
      self.init(
        Instruction(text: prompt, input: ""), reference: try text(.completion), isQuestion: false,
        isBrokenOff: isBrokenOff)
    } else {
      throw EvaluationError(
        .unusableRow, "the row has none of the fields instruction, question, prompt, messages",
        at: Self.location(decoder.codingPath),
        remedy: "Give rows of one of the forms that `router calibrate --help` lists.")
    }
  }

  /// A place in JSON such as `[3].messages[0]`; nil for the whole text.
  static func location(_ path: [any CodingKey]) -> String? {
    path.isEmpty ? nil : path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
  }

  private init(_ instruction: Instruction, reference: String?, isQuestion: Bool, isBrokenOff: Bool) {
    let text = instruction.input.isEmpty ? instruction.text : "\(instruction.text)\n\(instruction.input)"
    self.init(
      messages: [ChatMessage(role: .user, content: text)], reference: reference, isQuestion: isQuestion,
      instruction: instruction, isBrokenOff: isBrokenOff)
  }
}
