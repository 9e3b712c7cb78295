/// The body of `POST /v1/completions`, as it arrives.
package struct CompletionBody: Decodable {
  var common: CommonBody
  var prompt: PromptField
  var logprobs: Int?
  var echo: Bool?
  var bestOf: Int?
  var suffix: String?

  private enum CodingKeys: String, CodingKey {
    case prompt, logprobs, echo, suffix
    case bestOf = "best_of"
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    prompt = try fields.decode(PromptField.self, forKey: .prompt)
    logprobs = try fields.wholeIfPresent(.logprobs)
    echo = try fields.decodeIfPresent(Bool.self, forKey: .echo)
    bestOf = try fields.wholeIfPresent(.bestOf)
    suffix = try fields.decodeIfPresent(String.self, forKey: .suffix)
    common = try CommonBody(from: decoder)
  }
}
