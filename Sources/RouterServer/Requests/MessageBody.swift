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
    if let toolCalls, toolCalls.isEmpty == false {
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

/// `content`: a string, or parts that all are text.
struct ContentField: Decodable {
  /// The text; several parts are joined by line breaks.
  let text: String

  private struct Part: Decodable {
    let text: String

    private enum CodingKeys: String, CodingKey {
      case type, text
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      let type = try fields.decode(String.self, forKey: .type)
      guard type == "text" else {
        let place = fieldPath(decoder.codingPath + [CodingKeys.type])
        throw APIError.unsupported(
          place, "Content of type '\(type)' is not supported; this model reads only 'text'.")
      }
      text = try fields.decode(String.self, forKey: .text)
    }
  }

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let string = try? value.decode(String.self) {
      text = string
      return
    }
    do {
      text = try value.decode([Part].self).map(\.text).joined(separator: "\n")
    } catch DecodingError.typeMismatch(_, let context)
      where context.codingPath.count == decoder.codingPath.count
    {
      throw APIError.wrongType(
        fieldPath(decoder.codingPath), expected: "a string or an array of content parts")
    }
  }
}
