import ArgumentParser
import Foundation

/// Environment variables in place of the server's flags: `ROUTER_PORT` for `--port`; flags win.
///
/// Values are read as those of the flags are, and refused in the same words. That is all there is to do: what is left
/// to swift-configuration is to look up a name, and its numbers take text that is none for an absent variable.
package struct ServerEnvironment: Sendable {
  private let variables: [String: String]

  /// Reads variables by their names.
  package init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
    self.variables = variables
  }

  /// The variable of a flag, such as `ROUTER_LOG_LEVEL` for `log-level`.
  package static func name(of flag: String) -> String {
    "ROUTER_" + flag.uppercased().replacing("-", with: "_")
  }

  /// A flag's value: the given one, else its variable's.
  ///
  /// - Throws: `ValidationError` if the variable holds something else.
  package func value<Value: ExpressibleByArgument>(_ given: Value?, _ flag: String) throws -> Value? {
    if let given { return given }
    return try text(of: flag).map { text in
      guard let value = Value(argument: text) else {
        throw invalid(flag, text, wanted: Value.allValueStrings)
      }
      return value
    }
  }

  /// The values of a flag that may be repeated: the given ones, else those in its variable, separated by commas.
  package func values(_ given: [String], _ flag: String) -> [String] {
    guard given.isEmpty, let text = text(of: flag) else { return given }
    return text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// Whether a flag without a value is given, or its variable says so.
  ///
  /// - Throws: `ValidationError` if the variable is none of 1, true, yes, on, 0, false, no, off.
  package func isOn(_ given: Bool, _ flag: String) throws -> Bool {
    guard !given, let text = text(of: flag) else { return given }
    switch text.lowercased() {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default: throw invalid(flag, text, wanted: ["1", "0"])
    }
  }

  /// Where a value is from, for error texts: the flag if it is given, else its variable.
  func source(_ given: Any?, _ flag: String) -> String {
    given != nil || text(of: flag) == nil ? "--\(flag)" : Self.name(of: flag)
  }

  /// What a flag's variable holds; nil if it is unset or empty.
  private func text(of flag: String) -> String? {
    variables[Self.name(of: flag)].flatMap { $0.isEmpty ? nil : $0 }
  }

  private func invalid(_ flag: String, _ text: String, wanted: [String]) -> ValidationError {
    let remedy = wanted.isEmpty ? "a value of --\(flag)" : wanted.joined(separator: ", ")
    return ValidationError("\(Self.name(of: flag)) is \"\(text)\". Use \(remedy), or unset it.")
  }
}
