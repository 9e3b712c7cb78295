/// One JSON object of a policy file, whose every problem is a ``PolicyError`` with its JSON path.
struct StrictObject {
  private let container: KeyedDecodingContainer<FieldKey>

  /// - Throws: ``PolicyError`` if the decoder holds something else than an object.
  init(_ decoder: any Decoder) throws(PolicyError) {
    do {
      container = try decoder.container(keyedBy: FieldKey.self)
    } catch {
      throw PolicyError(decoding: error)
    }
  }

  private init(_ container: KeyedDecodingContainer<FieldKey>) { self.container = container }

  /// The JSON path of a field.
  func path(_ name: String) -> String {
    PolicyError.jsonPath(container.codingPath + [FieldKey(stringValue: name)])
  }

  /// Refuses fields outside `names`; a null counts as absent.
  func allow(_ names: Set<String>, for owner: String) throws(PolicyError) {
    let unknown = container.allKeys.map(\.stringValue).filter { !names.contains($0) }.sorted()
    for name in unknown where (try? container.decodeNil(forKey: FieldKey(stringValue: name))) != true {
      throw PolicyError(
        code: .unknownField, what: "\(owner) has no field `\(name.prefix(80))`",
        location: path(String(name.prefix(80))),
        remedy: "Remove it, or use one of: \(names.sorted().joined(separator: ", ")).")
    }
  }

  /// The value of a field that must be there.
  func required<Value: Decodable>(_ name: String) throws(PolicyError) -> Value {
    guard let value: Value = try optional(name) else {
      throw PolicyError(
        code: .missingField, what: "the field is missing", location: path(name),
        remedy: "Add it, or recalibrate with `router calibrate`.")
    }
    return value
  }

  /// The value of a field; `nil` if it is absent or null.
  func optional<Value: Decodable>(_ name: String) throws(PolicyError) -> Value? {
    do {
      return try container.decodeIfPresent(Value.self, forKey: FieldKey(stringValue: name))
    } catch let error as DecodingError {
      throw PolicyError(decoding: error)
    } catch {
      // Foundation's own error for a number that the type cannot hold, which names no place.
      throw PolicyError(
        code: .wrongType, what: "the number does not fit", location: path(name),
        remedy: "Use a whole number where a count is meant, and a number within reach.")
    }
  }

  /// The nested object of a field that must be there.
  func requiredObject(_ name: String) throws(PolicyError) -> StrictObject {
    guard let object = try optionalObject(name) else {
      throw PolicyError(
        code: .missingField, what: "the field is missing", location: path(name),
        remedy: "Add it, or recalibrate with `router calibrate`.")
    }
    return object
  }

  /// The nested object of a field; `nil` if it is absent or null.
  func optionalObject(_ name: String) throws(PolicyError) -> StrictObject? {
    let key = FieldKey(stringValue: name)
    do {
      guard container.contains(key), try !container.decodeNil(forKey: key) else { return nil }
      return StrictObject(try container.nestedContainer(keyedBy: FieldKey.self, forKey: key))
    } catch {
      throw PolicyError(decoding: error)
    }
  }

  /// The nested objects of an array; empty if it is absent or null.
  func optionalObjects(_ name: String) throws(PolicyError) -> [StrictObject] {
    let key = FieldKey(stringValue: name)
    guard container.contains(key), (try? container.decodeNil(forKey: key)) != true else { return [] }
    return try requiredObjects(name)
  }

  /// The nested objects of an array that must be there.
  func requiredObjects(_ name: String) throws(PolicyError) -> [StrictObject] {
    let key = FieldKey(stringValue: name)
    guard container.contains(key) else {
      throw PolicyError(
        code: .missingField, what: "the field is missing", location: path(name),
        remedy: "Add it, or recalibrate with `router calibrate`.")
    }
    do {
      var array = try container.nestedUnkeyedContainer(forKey: key)
      var objects: [StrictObject] = []
      while !array.isAtEnd {
        objects.append(StrictObject(try array.nestedContainer(keyedBy: FieldKey.self)))
      }
      return objects
    } catch {
      throw PolicyError(decoding: error)
    }
  }

  /// One of the names of an enumeration.
  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws(PolicyError) -> Choice
  where Choice.RawValue == String {
    try self.choice(name, of: try required(name))
  }

  /// One of the names of an enumeration; `nil` if the field is absent or null.
  func optionalChoice<Choice: RawRepresentable & CaseIterable>(
    _ name: String
  ) throws(PolicyError) -> Choice? where Choice.RawValue == String {
    guard let text: String = try optional(name) else { return nil }
    return try choice(name, of: text)
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, of text: String
  ) throws(PolicyError) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw PolicyError(
        code: .unsupportedKind, what: "`\(text.prefix(80))` is unknown to this version of router",
        location: path(name), remedy: "Use one of: \(known).")
    }
    return choice
  }
}

extension PolicyError {
  /// The same problem in this module's words.
  init(decoding error: any Error) {
    switch error {
    case let error as PolicyError:
      self = error
    case DecodingError.typeMismatch(let type, let context):
      self.init(
        code: .wrongType, what: "the value is not \(Self.jsonName(of: type))",
        location: Self.jsonPath(context.codingPath), remedy: "Correct the value's type.")
    case DecodingError.valueNotFound(let type, let context):
      self.init(
        code: .wrongType, what: "the value is null, not \(Self.jsonName(of: type))",
        location: Self.jsonPath(context.codingPath), remedy: "Give a value.")
    case DecodingError.keyNotFound(let key, let context):
      self.init(
        code: .missingField, what: "the field is missing",
        location: Self.jsonPath(context.codingPath + [key]), remedy: "Add it.")
    case DecodingError.dataCorrupted(let context):
      if context.codingPath.isEmpty {
        let detail = context.underlyingError.map { ": \($0)" } ?? ""
        self.init(
          code: .malformed, what: "the text is not valid JSON\(detail)",
          remedy: "Correct the syntax, or recalibrate with `router calibrate`.")
      } else {
        self.init(
          code: .invalidValue, what: context.debugDescription,
          location: Self.jsonPath(context.codingPath), remedy: "Correct the value.")
      }
    default:
      self.init(
        code: .malformed, what: "the policy cannot be decoded: \(error)", remedy: "Recalibrate it.")
    }
  }

  /// `$.thresholds[2]`
  static func jsonPath(_ path: [any CodingKey]) -> String {
    path.reduce(into: "$") { text, key in
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += ".\(key.stringValue)"
      }
    }
  }

  private static func jsonName(of type: any Any.Type) -> String {
    switch type {
    case is Int.Type: "a whole number"
    case is Double.Type, is Float.Type: "a number"
    case is String.Type: "a string"
    case is Bool.Type: "a Boolean"
    case is [Any].Type: "an array"
    default: "an object"
    }
  }
}
