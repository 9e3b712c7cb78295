/// `prompt`: text or token ids, one or several.
struct PromptField: Decodable, Equatable {
  /// One prompt.
  enum Prompt: Equatable {
    case text(String)
    case tokens([Int32])
  }

  let prompts: [Prompt]

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let text = try? value.decode(String.self) {
      prompts = [.text(text)]
    } else if let texts = try? value.decode([String].self) {
      prompts = texts.map(Prompt.text)
    } else if let tokens = try? value.decode([Int32].self) {
      prompts = [.tokens(tokens)]
    } else if let lists = try? value.decode([[Int32]].self) {
      prompts = lists.map(Prompt.tokens)
    } else {
      throw APIError.wrongType(
        fieldPath(decoder.codingPath),
        expected: "a string, an array of strings, an array of token ids, or an array of arrays of token ids")
    }
  }
}
