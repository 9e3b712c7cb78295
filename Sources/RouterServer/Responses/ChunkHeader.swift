/// The fields that all chunks of a stream have in common.
struct ChunkHeader: Encodable {
  /// Whether and how a chunk has `usage`.
  enum UsageField {
    /// The request did not ask for it.
    case absent
    /// `null`: it comes with the last chunk.
    case later
    /// The last chunk.
    case now(Usage)
  }

  var id: String
  var object: String
  var created: Int
  var model: String
  var systemFingerprint: String
  var usage: UsageField

  private enum CodingKeys: String, CodingKey {
    case id, object, created, model, usage
    case systemFingerprint = "system_fingerprint"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(id, forKey: .id)
    try fields.encode(object, forKey: .object)
    try fields.encode(created, forKey: .created)
    try fields.encode(model, forKey: .model)
    try fields.encode(systemFingerprint, forKey: .systemFingerprint)
    switch usage {
    case .absent: break
    case .later: try fields.encodeNil(forKey: .usage)
    case .now(let usage): try fields.encode(usage, forKey: .usage)
    }
  }
}
