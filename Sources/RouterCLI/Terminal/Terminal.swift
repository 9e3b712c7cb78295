import Foundation

/// Standard error as a place for people: messages, and whether it is a terminal.
enum Terminal {
  static let errorIsTerminal = isatty(STDERR_FILENO) == 1
  static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  static let inputIsTerminal = isatty(STDIN_FILENO) == 1

  /// Whether colours are wanted on standard output (https://no-color.org).
  static let usesColour = outputIsTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

  /// Writes a line to standard error.
  static func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// Writes text to standard output at once.
  static func write(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
