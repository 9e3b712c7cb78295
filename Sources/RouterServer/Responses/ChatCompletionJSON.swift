/// The `chat.completion` object.
struct ChatCompletionJSON: Encodable {
  /// One answer.
  struct Choice: Encodable {
    var index: Int
    var message: Message
    var logprobs: ChatLogprobs?
    var finishReason: String
    var router: ChoiceRouting

    private enum CodingKeys: String, CodingKey {
      case index, message, logprobs, router
      case finishReason = "finish_reason"
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(index, forKey: .index)
      try fields.encode(message, forKey: .message)
      try fields.encode(logprobs, forKey: .logprobs)
      try fields.encode(finishReason, forKey: .finishReason)
      try fields.encode(router, forKey: .router)
    }
  }

  /// The assistant's message.
  struct Message: Encodable {
    var role = "assistant"
    var content: String
  }

  var id: String
  var object = "chat.completion"
  var created: Int
  var model: String
  var systemFingerprint: String
  var choices: [Choice]
  var usage: Usage

  private enum CodingKeys: String, CodingKey {
    case id, object, created, model, choices, usage
    case systemFingerprint = "system_fingerprint"
  }
}
