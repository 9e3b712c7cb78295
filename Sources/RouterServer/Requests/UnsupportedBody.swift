/// Fields of OpenAI's API that would change the answer and that this server cannot honour.
///
/// They are refused rather than ignored: an answer that silently is not what was asked for is worse than none.
struct UnsupportedBody: Decodable {
  /// The first field that asks for something unsupported, and why it is refused.
  let refusal: APIError?

  private enum CodingKeys: String, CodingKey {
    case tools, functions, modalities, audio, prediction
    case logitBias = "logit_bias"
    case responseFormat = "response_format"
  }

  private struct ResponseFormat: Decodable {
    var type: String?
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    var refusals: [APIError] = []

    for key in [CodingKeys.tools, .functions] {
      if let list = try fields.decodeIfPresent([Ignored].self, forKey: key), !list.isEmpty {
        refusals.append(
          .unsupported(
            key.stringValue, "'\(key.stringValue)' is not supported: this server does not call tools."))
      }
    }
    if let bias = try fields.decodeIfPresent([String: Ignored].self, forKey: .logitBias),
      !bias.isEmpty
    {
      refusals.append(.unsupported("logit_bias", "'logit_bias' is not supported."))
    }
    if let format = try fields.decodeIfPresent(ResponseFormat.self, forKey: .responseFormat),
      let type = format.type, type != "text"
    {
      refusals.append(
        .unsupported("response_format", "'response_format' of type '\(type)' is not supported; use 'text'."))
    }
    if let modalities = try fields.decodeIfPresent([String].self, forKey: .modalities), modalities != ["text"]
    {
      refusals.append(.unsupported("modalities", "'modalities' other than [\"text\"] are not supported."))
    }
    for key in [CodingKeys.audio, .prediction] where try Self.isPresent(key, in: fields) {
      refusals.append(.unsupported(key.stringValue, "'\(key.stringValue)' is not supported."))
    }
    refusal = refusals.first
  }

  private static func isPresent(
    _ key: CodingKeys, in fields: KeyedDecodingContainer<CodingKeys>
  ) throws -> Bool {
    try fields.contains(key) && !fields.decodeNil(forKey: key)
  }
}
