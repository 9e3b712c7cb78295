/// A JSON value whose content doesn't matter.
struct Ignored: Decodable {
  init(from decoder: any Decoder) throws {}
}
