import Foundation

/// How responses are written as JSON.
package enum JSONCoding {
  /// An encoder with a stable order of keys.
  package static func makeEncoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
