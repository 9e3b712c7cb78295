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

/// The types of metadata values, with the numbers that the format gives them.
enum GGUFValueType: UInt32, Sendable {
  case uint8 = 0
  case int8 = 1
  case uint16 = 2
  case int16 = 3
  case uint32 = 4
  case int32 = 5
  case float32 = 6
  case bool = 7
  case string = 8
  case array = 9
  case uint64 = 10
  case int64 = 11
  case float64 = 12

  /// Bytes that a value takes at least: a string is a 64-bit length, an array a type and a 64-bit count.
  var minimumByteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .string, .uint64, .int64, .float64: 8
    case .array: 12
    }
  }
}
