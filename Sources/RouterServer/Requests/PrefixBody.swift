/// The body of `POST /v1/prefixes`, as it arrives.
///
/// Fields that it does not have are refused: no library sends others, and a mistyped one would keep something else.
package struct PrefixBody: Decodable {
  var name: String
  var model: String?
  var messages: [MessageBody]?
  var prompt: PromptField?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, model, messages, prompt
  }

  package init(from decoder: any Decoder) throws {
    let known = CodingKeys.allCases.map(\.rawValue)
    let given = try decoder.container(keyedBy: FieldName.self).allKeys.map(\.stringValue)
    if let unknown = given.filter({ !known.contains($0) }).min() {
      throw APIError.invalid(
        unknown, "A prefix has no field '\(unknown)'; it has \(known.sorted().joined(separator: ", ")).",
        code: "unknown_parameter")
    }
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.decode(String.self, forKey: .name)
    model = try fields.decodeIfPresent(String.self, forKey: .model)
    messages = try fields.decodeIfPresent([MessageBody].self, forKey: .messages)
    prompt = try fields.decodeIfPresent(PromptField.self, forKey: .prompt)
  }
}
