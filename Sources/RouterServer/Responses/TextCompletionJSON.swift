/// The `text_completion` object, whole or as a chunk of a stream: OpenAI gives both the same form.
struct TextCompletionJSON: Encodable {
  /// One answer, or news of one.
  struct Choice: Encodable {
    var index: Int
    var text: String
    var logprobs: TextLogprobs?
    var finishReason: String?
    var router: ChoiceRouting?

    private enum CodingKeys: String, CodingKey {
      case index, text, logprobs, router
      case finishReason = "finish_reason"
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(index, forKey: .index)
      try fields.encode(text, forKey: .text)
      try fields.encode(logprobs, forKey: .logprobs)
      try fields.encode(finishReason, forKey: .finishReason)
      try fields.encodeIfPresent(router, forKey: .router)
    }
  }

  var header: ChunkHeader
  var choices: [Choice]

  private enum CodingKeys: String, CodingKey {
    case choices
  }

  func encode(to encoder: any Encoder) throws {
    try header.encode(to: encoder)
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(choices, forKey: .choices)
  }
}
