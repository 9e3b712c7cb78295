import RouterTokenizer

/// One element of `messages`, as it arrives.
struct MessageBody: Decodable {
  var role: String
  var content: ContentField?
  var toolCalls: [Ignored]?

  private enum CodingKeys: String, CodingKey {
    case role, content
    case toolCalls = "tool_calls"
  }

  /// The message, checked.
  ///
  /// - Parameter index: its place in `messages`, for errors.
  func message(at index: Int) throws(APIError) -> ChatMessage {
    let place = "messages[\(index)]"
    let speaker: ChatMessage.Role
    switch role {
    case "system", "developer": speaker = .system
    case "user": speaker = .user
    case "assistant": speaker = .assistant
    case "tool", "function":
      throw .unsupported(
        "\(place).role", "Messages of role '\(role)' are not supported: this server does not call tools.")
    default:
      throw .invalid(
        "\(place).role",
        "Invalid value: '\(role)'. Supported values are: 'system', 'developer', 'user', 'assistant'.")
    }
    if let toolCalls, !toolCalls.isEmpty {
      throw .unsupported(
        "\(place).tool_calls", "'tool_calls' is not supported: this server does not call tools.")
    }
    guard let content else {
      throw .invalid(
        "\(place).content", "Missing required parameter: '\(place).content'.",
        code: "missing_required_parameter")
    }
    return ChatMessage(role: speaker, content: content.text)
  }
}
