/// One message of a conversation.
package struct ChatMessage: Sendable, Codable, Equatable {
  /// Who speaks.
  package enum Role: String, Sendable, Codable, CaseIterable {
    /// The instructions that frame the conversation.
    case system
    /// The person.
    case user
    /// The model.
    case assistant
  }

  /// Who speaks.
  package var role: Role
  /// What is said; never parsed for special tokens.
  package var content: String

  /// Makes a message.
  package init(role: Role, content: String) {
    self.role = role
    self.content = content
  }
}
