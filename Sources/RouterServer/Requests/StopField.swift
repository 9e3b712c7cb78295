/// `stop`: one string or several.
struct StopField: Decodable {
  let strings: [String]

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let one = try? value.decode(String.self) {
      strings = [one]
    } else if let several = try? value.decode([String].self) {
      strings = several
    } else {
      throw APIError.wrongType(fieldPath(decoder.codingPath), expected: "a string or an array of strings")
    }
  }
}
