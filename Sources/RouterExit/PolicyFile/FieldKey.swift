/// A field's name, as a coding key.
struct FieldKey: CodingKey, ExpressibleByStringLiteral {
  let stringValue: String

  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }

  init(stringLiteral value: String) { stringValue = value }

  init?(intValue: Int) { nil }
}
