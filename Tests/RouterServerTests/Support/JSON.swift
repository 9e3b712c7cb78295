import Foundation

/// A parsed JSON value, for looking things up in responses.
struct JSON {
  private let value: Any?

  init(_ text: String) throws {
    value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
  }

  private init(value: Any?) {
    self.value = value
  }

  subscript(key: String) -> JSON { JSON(value: (value as? [String: Any])?[key]) }

  subscript(index: Int) -> JSON {
    let array = value as? [Any] ?? []
    return JSON(value: array.indices.contains(index) ? array[index] : nil)
  }

  var string: String? { value as? String }
  var int: Int? { value as? Int }
  var double: Double? { value as? Double }
  var ints: [Int]? { value as? [Int] }
  var strings: [String]? { value as? [String] }
  var array: [JSON] { (value as? [Any] ?? []).map { JSON(value: $0) } }
  var keys: Set<String> { Set((value as? [String: Any] ?? [:]).keys) }
  /// The key is there and its value is `null`.
  var isNull: Bool { value is NSNull }
  /// The key is not there.
  var isAbsent: Bool { value == nil }
}
