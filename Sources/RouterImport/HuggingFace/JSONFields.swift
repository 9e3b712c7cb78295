/// Typed access to the members of a JSON object from a file: absent or null is nil, a wrong type is an error.
package struct JSONFields: Sendable {
  let file: String
  /// Path of the object within the document, empty for the root.
  private let path: String
  let value: JSONValue

  /// - Throws: `ImportError` if the value is not an object.
  package init(_ value: JSONValue, file: String, path: String = "") throws(ImportError) {
    self.file = file
    self.path = path
    self.value = value
    guard value.members != nil else { throw wrongType("", "an object") }
  }

  /// Parses a file whose root is an object.
  init(path: String, limit: Int) throws(ImportError) {
    let input = try InputFile(path: path)
    try self.init(
      try JSONParser.parse(try input.contents(limit: limit), file: input.name), file: input.name)
  }

  func contains(_ key: String) -> Bool { field(key) != nil }

  func whole(_ key: String) throws(ImportError) -> Int? { try read(key, "a whole number", \.whole) }
  func number(_ key: String) throws(ImportError) -> Double? { try read(key, "a number", \.number) }
  func bool(_ key: String) throws(ImportError) -> Bool? { try read(key, "true or false", \.flag) }
  func string(_ key: String) throws(ImportError) -> String? { try read(key, "a string", \.text) }
  func array(_ key: String) throws(ImportError) -> [JSONValue]? { try read(key, "an array", \.elements) }
  func members(_ key: String) throws(ImportError) -> [JSONValue.Member]? {
    try read(key, "an object", \.members)
  }

  /// A nested object.
  func object(_ key: String) throws(ImportError) -> JSONFields? {
    guard let nested = field(key) else { return nil }
    return try JSONFields(nested, file: file, path: full(key))
  }

  /// A nested array of objects.
  func objects(_ key: String) throws(ImportError) -> [JSONFields]? {
    guard let elements = try array(key) else { return nil }
    var objects: [JSONFields] = []
    for (index, element) in elements.enumerated() {
      objects.append(try JSONFields(element, file: file, path: "\(full(key))[\(index)]"))
    }
    return objects
  }

  /// A whole number that must be there.
  func requiredWhole(_ key: String) throws(ImportError) -> Int {
    guard let value = try whole(key) else { throw missing(key) }
    return value
  }

  /// A whole number, or an array of them; empty if absent.
  func wholes(_ key: String) throws(ImportError) -> [Int] {
    guard let value = field(key) else { return [] }
    let elements = value.elements ?? [value]
    let wholes = elements.compactMap(\.whole)
    guard wholes.count == elements.count else { throw wrongType(key, "a whole number or an array of them") }
    return wholes
  }

  /// The error for a field that must be there.
  func missing(_ key: String) -> ImportError {
    ImportError(
      .missing, "the file lacks \(ImportError.quoted(full(key)))", at: .init(file: file, item: full(key)),
      remedy: "Use a complete Hugging Face directory, as save_pretrained writes it.")
  }

  /// The error for a value that `router` cannot run.
  func unsupported(_ what: String, _ key: String, remedy: String) -> ImportError {
    ImportError(.unsupported, what, at: .init(file: file, item: full(key)), remedy: remedy)
  }

  /// The error for a value of a wrong type.
  func wrongType(_ key: String, _ wanted: String) -> ImportError {
    let name = full(key)
    return ImportError(
      .malformed, "\(name.isEmpty ? "the document" : ImportError.quoted(name)) is not \(wanted)",
      at: .init(file: file, item: name.isEmpty ? nil : name), remedy: "Check the file, or download it again.")
  }

  private func read<Value>(
    _ key: String, _ wanted: String, _ kind: KeyPath<JSONValue, Value?>
  ) throws(ImportError) -> Value? {
    guard let field = field(key) else { return nil }
    guard let value = field[keyPath: kind] else { throw wrongType(key, wanted) }
    return value
  }

  private func field(_ key: String) -> JSONValue? {
    guard let field = value[key], !field.isNull else { return nil }
    return field
  }

  private func full(_ key: String) -> String {
    path.isEmpty ? key : key.isEmpty ? path : "\(path).\(key)"
  }
}
