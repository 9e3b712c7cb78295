/// The rules that policies and policy files share, each with its message.
enum PolicyValidation {
  /// More layers than any model has; keeps arithmetic on depths far from overflow.
  static let maximumDepth = 65_536

  /// Wider than any model.
  static let maximumWidth = 65_536

  /// Depths must be ascending from 1.
  static func checkExits(_ exits: [Int], at location: String = "$.exits") throws(PolicyError) {
    guard let first = exits.first else {
      throw PolicyError(
        code: .invalidValue, what: "there are no exits", location: location,
        remedy: "Name at least one depth; `router inspect` lists the model's exits.")
    }
    guard first >= 1 else {
      throw PolicyError(
        code: .invalidValue, what: "exit \(first) is not a number of layers", location: "\(location)[0]",
        remedy: "Exits count executed layers: use 1 or more.")
    }
    for index in exits.indices.dropFirst() where exits[index] <= exits[index - 1] {
      throw PolicyError(
        code: .invalidValue,
        what: "exits are not ascending: \(exits[index - 1]), then \(exits[index])",
        location: "\(location)[\(index)]", remedy: "List each exit once, from the shallowest to the deepest.")
    }
    guard exits[exits.count - 1] <= maximumDepth else {
      throw PolicyError(
        code: .invalidValue, what: "exit \(exits[exits.count - 1]) is deeper than any model",
        location: "\(location)[\(exits.count - 1)]", remedy: "Use at most \(maximumDepth).")
    }
  }

  /// One threshold per exit, each `nil` or in 0...1.
  static func checkThresholds(
    _ thresholds: [Float?], exitCount: Int, at location: String = "$.thresholds"
  ) throws(PolicyError) {
    guard thresholds.count == exitCount else {
      throw PolicyError(
        code: .invalidValue,
        what: "there are \(thresholds.count) thresholds for \(exitCount) exits", location: location,
        remedy: "Give one threshold per exit; null never exits there.")
    }
    for (index, threshold) in thresholds.enumerated() {
      guard let threshold else { continue }
      guard (0...1).contains(threshold) else {
        throw PolicyError(
          code: .invalidValue, what: "threshold \(threshold) is not a number from 0 to 1",
          location: "\(location)[\(index)]",
          remedy: "Use a confidence from 0 (always exit) to 1, or null (never exit).")
      }
    }
  }

  /// A name is also a file name: 1 to 64 ASCII letters, digits, dots, dashes and underscores, and it does not
  /// begin with a dot.
  static func checkedName(_ name: String) throws(PolicyError) -> String {
    let allowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard (1...64).contains(name.utf8.count), allowed, !name.hasPrefix(".") else {
      throw PolicyError(
        code: .invalidValue, what: "`\(name.prefix(80))` cannot name a policy", location: "$.name",
        remedy: "Use 1 to 64 letters, digits, dots, dashes or underscores, not beginning with a dot.")
    }
    return name
  }
}
