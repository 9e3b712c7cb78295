/// A JSON document, with object members in file order and keys compared byte by byte.
///
/// Foundation's decoders key objects by `String`, whose equality is canonical equivalence; the vocabularies of
/// real tokenizers hold keys such as "\u{C5}" and "\u{212B}" that must stay apart.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One member of an object.
  package struct Member: Sendable, Equatable {
    package let key: String
    package let value: JSONValue
  }

  /// The member called `key`; the last one if a sloppy writer repeated it, as Python's `json` does.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The members of an object, or nil.
  package var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array, or nil.
  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The text of a string, or nil.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The value of a boolean, or nil.
  var flag: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  /// The value of a whole number, or nil.
  package var whole: Int? {
    switch self {
    case .integer(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value of a number, or nil.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  var isNull: Bool { self == .null }
}
