/// The body of `POST /v1/chat/completions`, as it arrives.
package struct ChatCompletionBody: Decodable {
  var common: CommonBody
  var messages: [MessageBody]
  var maxCompletionTokens: Int?
  var logprobs: Bool?
  var topLogprobs: Int?

  private enum CodingKeys: String, CodingKey {
    case messages, logprobs
    case maxCompletionTokens = "max_completion_tokens"
    case topLogprobs = "top_logprobs"
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    messages = try fields.decode([MessageBody].self, forKey: .messages)
    maxCompletionTokens = try fields.wholeIfPresent(.maxCompletionTokens)
    logprobs = try fields.decodeIfPresent(Bool.self, forKey: .logprobs)
    topLogprobs = try fields.wholeIfPresent(.topLogprobs)
    common = try CommonBody(from: decoder)
  }
}
