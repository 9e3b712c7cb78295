/// A metadata value of a GGUF file, with the widths of numbers forgotten.
enum GGUFValue: Sendable, Equatable {
  case unsigned(UInt64)
  case signed(Int64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case integers([Int64])
  case floats([Double])
  case bools([Bool])
  case strings([String])

  /// What the value is, for error messages.
  var typeName: String {
    switch self {
    case .unsigned, .signed: "an integer"
    case .float: "a floating-point number"
    case .bool: "a boolean"
    case .string: "a string"
    case .integers: "an array of integers"
    case .floats: "an array of floating-point numbers"
    case .bools: "an array of booleans"
    case .strings: "an array of strings"
    }
  }

  /// The value of an integer that fits, or nil.
  var whole: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value of a number, or nil.
  var number: Double? {
    switch self {
    case .unsigned(let value): Double(value)
    case .signed(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
}
