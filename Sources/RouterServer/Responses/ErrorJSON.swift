/// The error object, in bodies and in streams.
struct ErrorJSON: Encodable {
  let error: APIError

  private enum CodingKeys: String, CodingKey {
    case error, message, type, param, code
  }

  func encode(to encoder: any Encoder) throws {
    var root = encoder.container(keyedBy: CodingKeys.self)
    var fields = root.nestedContainer(keyedBy: CodingKeys.self, forKey: .error)
    try fields.encode(error.message, forKey: .message)
    try fields.encode(error.kind.rawValue, forKey: .type)
    try fields.encode(error.parameter, forKey: .param)
    try fields.encode(error.code, forKey: .code)
  }
}
