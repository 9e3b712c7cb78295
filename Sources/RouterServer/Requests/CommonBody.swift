/// The fields that both completion endpoints share, as they arrive: optional and unchecked.
struct CommonBody: Decodable {
  var model: String?
  var maxTokens: Int?
  var n: Int?
  var seed: Int?
  var stop: StopField?
  var stream: Bool?
  var streamOptions: StreamOptionsBody?
  var sampling: SamplingBody
  var unsupported: UnsupportedBody
  var router: RouterBody?
  var cachePrompt: Bool?
  var cacheSalt: String?

  private enum CodingKeys: String, CodingKey {
    case model, n, seed, stop, stream, router
    case maxTokens = "max_tokens"
    case streamOptions = "stream_options"
    case cachePrompt = "cache_prompt"
    case cacheSalt = "cache_salt"
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    model = try fields.decodeIfPresent(String.self, forKey: .model)
    maxTokens = try fields.wholeIfPresent(.maxTokens)
    n = try fields.wholeIfPresent(.n)
    seed = try fields.wholeIfPresent(.seed)
    stop = try fields.decodeIfPresent(StopField.self, forKey: .stop)
    stream = try fields.decodeIfPresent(Bool.self, forKey: .stream)
    streamOptions = try fields.decodeIfPresent(StreamOptionsBody.self, forKey: .streamOptions)
    router = try fields.decodeIfPresent(RouterBody.self, forKey: .router)
    cachePrompt = try fields.decodeIfPresent(Bool.self, forKey: .cachePrompt)
    cacheSalt = try fields.decodeIfPresent(String.self, forKey: .cacheSalt)
    sampling = try SamplingBody(from: decoder)
    unsupported = try UnsupportedBody(from: decoder)
  }
}
