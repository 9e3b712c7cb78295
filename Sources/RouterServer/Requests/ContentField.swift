import RouterTokenizer

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
