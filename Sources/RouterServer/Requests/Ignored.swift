/// A JSON value whose content does not matter.
struct Ignored: Decodable {
  init(from decoder: any Decoder) throws {}
}
