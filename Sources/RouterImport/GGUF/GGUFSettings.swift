import RouterCheckpoint

/// Typed access to a GGUF file's metadata: an absent key is nil, a key of the wrong type is an error.
struct GGUFSettings: Sendable {
  let file: String
  private let values: [String: GGUFValue]
  /// The value of `general.architecture` and a full stop, which begin the model's own keys.
  let prefix: String

  init(_ gguf: GGUFFile) {
    file = gguf.file.name
    values = gguf.metadata
    prefix = if case .string(let name) = values[Self.architectureKey] { "\(name)." } else { "." }
  }

  private static let architectureKey = "general.architecture"

  /// The model's architecture.
  ///
  /// - Throws: `ImportError` for one that `router` does not run, with those that it does.
  func architecture() throws(ImportError) -> Architecture {
    let key = Self.architectureKey
    guard let name = try string(key) else { throw missing(key) }
    guard let architecture = Architecture(ggufName: name) else {
      throw unsupported(
        "the architecture \(ImportError.quoted(name)) is not supported", key,
        remedy: "Use a model of an architecture that router runs: \(Architecture.ggufNames).")
    }
    return architecture
  }

  /// The full name of a key of the model's architecture.
  func key(_ suffix: String) -> String { prefix + suffix }

  /// Names of all keys.
  var keys: [String] { values.keys.sorted() }

  func contains(_ key: String) -> Bool { values[key] != nil }

  func string(_ key: String) throws(ImportError) -> String? {
    guard let value = values[key] else { return nil }
    guard case .string(let text) = value else { throw wrongType(key, value, "a string") }
    return text
  }

  func bool(_ key: String) throws(ImportError) -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .bool(let flag) = value else { throw wrongType(key, value, "a boolean") }
    return flag
  }

  func number(_ key: String) throws(ImportError) -> Double? {
    guard let value = values[key] else { return nil }
    guard let number = value.number else { throw wrongType(key, value, "a number") }
    return number
  }

  /// An integer, or an array that repeats one integer (which some converters write for each layer).
  func whole(_ key: String) throws(ImportError) -> Int? {
    guard let value = values[key] else { return nil }
    if case .integers(let elements) = value, let first = elements.first {
      guard elements.allSatisfy({ $0 == first }) else {
        throw ImportError(
          .unsupported, "layers differ in \(ImportError.quoted(key))", at: .init(file: file, item: key),
          remedy: "Use a model whose layers all have the same dimensions.")
      }
      return Int(first)
    }
    guard let whole = value.whole else { throw wrongType(key, value, "an integer") }
    return whole
  }

  /// An integer that must be there.
  func requiredWhole(_ key: String) throws(ImportError) -> Int {
    guard let value = try whole(key) else { throw missing(key) }
    return value
  }

  func strings(_ key: String) throws(ImportError) -> [String]? {
    guard let value = values[key] else { return nil }
    guard case .strings(let elements) = value else { throw wrongType(key, value, "an array of strings") }
    return elements
  }

  func numbers(_ key: String) throws(ImportError) -> [Double]? {
    switch values[key] {
    case nil: return nil
    case .floats(let elements): return elements
    case .integers(let elements): return elements.map(Double.init)
    case .some(let value): throw wrongType(key, value, "an array of numbers")
    }
  }

  func integers(_ key: String) throws(ImportError) -> [Int64]? {
    guard let value = values[key] else { return nil }
    guard case .integers(let elements) = value else { throw wrongType(key, value, "an array of integers") }
    return elements
  }

  /// The error for a key that must be there.
  func missing(_ key: String) -> ImportError {
    ImportError(
      .missing, "the metadata lacks \(ImportError.quoted(key))", at: .init(file: file, item: key),
      remedy: "Convert the model again with a current llama.cpp.")
  }

  /// The error for a setting that `router` cannot run.
  func unsupported(_ what: String, _ key: String, remedy: String) -> ImportError {
    ImportError(.unsupported, what, at: .init(file: file, item: key), remedy: remedy)
  }

  private func wrongType(_ key: String, _ value: GGUFValue, _ wanted: String) -> ImportError {
    ImportError(
      .malformed, "\(ImportError.quoted(key)) is \(value.typeName) instead of \(wanted)",
      at: .init(file: file, item: key), remedy: "Convert the model again with a current llama.cpp.")
  }
}
