extension KeyedDecodingContainer {
  /// An optional whole number.
  func wholeIfPresent(_ key: Key) throws -> Int? {
    try number(key, "a whole number within range") { try decodeIfPresent(Int.self, forKey: key) }
  }

  /// An optional number.
  func realIfPresent(_ key: Key) throws -> Double? {
    try number(key, "a number within range") { try decodeIfPresent(Double.self, forKey: key) }
  }

  /// Names the field of a number that does not fit, which Foundation reports as malformed JSON without a place.
  private func number<Value>(_ key: Key, _ expected: String, _ decode: () throws -> Value?) throws -> Value? {
    do {
      return try decode()
    } catch let error as DecodingError {
      guard case .dataCorrupted = error else { throw error }
    } catch {
      // Before it becomes a `DecodingError` at the end of decoding, it is an error of a private type.
    }
    let parameter = fieldPath(codingPath + [key])
    throw APIError.invalid(parameter, "Invalid value for '\(parameter)': it must be \(expected).")
  }
}
