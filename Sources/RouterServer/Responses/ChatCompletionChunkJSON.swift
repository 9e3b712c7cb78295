/// The `chat.completion.chunk` object of a stream.
struct ChatCompletionChunkJSON: Encodable {
  /// News of one answer.
  struct Choice: Encodable {
    var index: Int
    var delta: Delta
    var logprobs: ChatLogprobs?
    var finishReason: String?
    var router: ChoiceRouting?

    private enum CodingKeys: String, CodingKey {
      case index, delta, logprobs, router
      case finishReason = "finish_reason"
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(index, forKey: .index)
      try fields.encode(delta, forKey: .delta)
      try fields.encode(logprobs, forKey: .logprobs)
      try fields.encode(finishReason, forKey: .finishReason)
      try fields.encodeIfPresent(router, forKey: .router)
    }
  }

  /// What the message gains.
  struct Delta: Encodable {
    var role: String?
    var content: String?
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
