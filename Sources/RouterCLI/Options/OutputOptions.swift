import ArgumentParser
import Foundation

/// How results are printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print machine-readable JSON.")
  var json = false

  /// Prints a value as JSON with sorted keys, on standard output.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
