/// Checks of single fields; `location` is the field's JSON path.
extension PolicyValidation {
  /// A text of 1 to 4096 UTF-8 bytes.
  static func checkText(_ text: String, _ location: String) throws(PolicyError) {
    guard (1...4096).contains(text.utf8.count) else {
      throw PolicyError(
        code: .invalidValue, what: "a text of \(text.utf8.count) bytes", location: location,
        remedy: "Use 1 to 4096 bytes.")
    }
  }

  /// Above 0 and below 1.
  static func checkOpenUnit(_ value: Double, _ location: String) throws(PolicyError) {
    guard value > 0, value < 1 else {
      throw PolicyError(
        code: .invalidValue, what: "\(value) is not between 0 and 1", location: location,
        remedy: "Use a number above 0 and below 1.")
    }
  }

  /// 0...1.
  static func checkUnit(_ value: Double, _ location: String) throws(PolicyError) {
    guard (0...1).contains(value) else {
      throw PolicyError(
        code: .invalidValue, what: "\(value) is not a number from 0 to 1", location: location,
        remedy: "Use a number from 0 to 1.")
    }
  }

  /// Finite, above 0 and at most `maximum`.
  static func checkPositive(
    _ value: Double, _ location: String, maximum: Double = 1e12
  ) throws(PolicyError) {
    guard value > 0, value <= maximum else {
      throw PolicyError(
        code: .invalidValue, what: "\(value) is not a positive number up to \(maximum)", location: location,
        remedy: "Use the measured value, or set the field to null where it may be.")
    }
  }

  /// 1...1e12.
  static func checkPositive(_ value: Int, _ location: String) throws(PolicyError) {
    guard (1...1_000_000_000_000).contains(value) else {
      throw PolicyError(
        code: .invalidValue, what: "\(value) is not a positive count", location: location,
        remedy: "Use a whole number, 1 or more.")
    }
  }

  /// 64 lowercase hexadecimal digits.
  static func checkDigest(_ text: String, _ location: String) throws(PolicyError) {
    let isDigest =
      text.utf8.count == 64
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      }
    guard isDigest else {
      throw PolicyError(
        code: .invalidValue, what: "`\(text.prefix(80))` is not a SHA-256 digest", location: location,
        remedy: "Use 64 lowercase hexadecimal digits.")
    }
  }
}
