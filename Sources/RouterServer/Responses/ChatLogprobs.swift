import RouterDecoding

/// `logprobs` of a chat choice.
struct ChatLogprobs: Encodable {
  /// One alternative of one position.
  struct Alternative: Encodable {
    var token: String
    var logprob: Float
    var bytes: [UInt8]

    init(bytes: [UInt8], logprob: Float?) {
      token = String(decoding: bytes, as: UTF8.self)
      self.bytes = bytes
      self.logprob = finite(logprob)
    }
  }

  /// One position: the token that was chosen and the likeliest ones.
  struct Position: Encodable {
    var chosen: Alternative
    var top: [Alternative]

    private enum CodingKeys: String, CodingKey {
      case token, logprob, bytes
      case top = "top_logprobs"
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(chosen.token, forKey: .token)
      try fields.encode(chosen.logprob, forKey: .logprob)
      try fields.encode(chosen.bytes, forKey: .bytes)
      try fields.encode(top, forKey: .top)
    }
  }

  var content: [Position]

  /// Describes some tokens of a choice.
  init(_ tokens: [GeneratedToken]) {
    content = tokens.map { token in
      Position(
        chosen: Alternative(bytes: token.bytes, logprob: token.logprob),
        top: token.topLogprobs.map { Alternative(bytes: $0.bytes, logprob: $0.logprob) })
    }
  }
}

/// A log-probability that JSON can hold: OpenAI writes -9999 for tokens that are next to impossible.
func finite(_ logprob: Float?) -> Float {
  guard let logprob, logprob.isFinite else { return -9999 }
  return logprob
}
