/// Why a tokenizer definition, a token id or a conversation was refused.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The class of the problem.
  public enum Code: String, Sendable {
    /// The stored form is not the JSON of a definition.
    case malformedDefinition
    /// The vocabulary is empty, too large, or its arrays differ in length.
    case invalidVocabulary
    /// Two ordinary tokens have the same text.
    case duplicateToken
    /// A token's text cannot be what its kind says.
    case invalidToken
    /// A merge rule is not two tokens of the vocabulary whose concatenation is a third.
    case invalidMerge
    /// A named token id lies outside of the vocabulary.
    case tokenOutOfRange
    /// The messages do not form a conversation that the chat template can express.
    case invalidConversation
  }

  /// The class of the problem.
  public let code: Code
  /// What happened, without a final stop.
  public let what: String
  /// Where: a field, an index, a message.
  public let location: String?
  /// What the user can do about it, without a final stop.
  public let remedy: String

  /// Makes an error from its parts; sentences carry no final stop.
  package init(_ code: Code, _ what: String, location: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  public var description: String {
    "\(what)\(location.map { " (\($0))" } ?? ""). \(remedy)."
  }
}
