/// One message of a conversation.
public struct ChatMessage: Sendable, Codable, Equatable {
  /// Who speaks.
  public enum Role: String, Sendable, Codable, CaseIterable {
    /// The instructions that frame the conversation.
    case system
    /// The person.
    case user
    /// The model.
    case assistant
  }

  /// Who speaks.
  public var role: Role
  /// What is said; never parsed for special tokens.
  public var content: String

  /// Makes a message.
  public init(role: Role, content: String) {
    self.role = role
    self.content = content
  }
}
