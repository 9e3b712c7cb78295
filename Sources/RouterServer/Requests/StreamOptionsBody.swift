/// `stream_options`.
struct StreamOptionsBody: Decodable {
  var includeUsage: Bool?

  private enum CodingKeys: String, CodingKey {
    case includeUsage = "include_usage"
  }
}
