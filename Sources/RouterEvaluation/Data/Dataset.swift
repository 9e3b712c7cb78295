import Foundation

/// Rows of prompts read from a file: a JSON array, or one JSON object a line.
package struct Dataset: Sendable {
  /// Path, as it was given.
  package let path: String
  package let examples: [PromptExample]

  /// Data files beyond this size are refused: 1 GiB.
  package static let maximumByteCount = 1 << 30

  /// Reads all rows, or the first `limit`.
  ///
  /// - Throws: ``EvaluationError`` naming the file and the row.
  package init(path: String, limit: Int? = nil) throws(EvaluationError) {
    self.path = path
    let data = try Self.read(path)
    let isArray = data.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "[")
    let examples = isArray ? try Self.array(data, path) : try Self.lines(data, path, limit: limit)
    self.examples = Array(examples.prefix(limit ?? examples.count))
    guard !self.examples.isEmpty else {
      throw EvaluationError(
        .noData, "the file has no rows", at: path, remedy: "Give a file with at least one row.")
    }
  }

  private static func read(_ path: String) throws(EvaluationError) -> Data {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
      guard data.count <= maximumByteCount else {
        throw EvaluationError(
          .unreadable, "the file has \(data.count) bytes", at: path,
          remedy: "Give at most \(maximumByteCount) bytes; a few thousand rows suffice.")
      }
      let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
      return data.starts(with: byteOrderMark) ? data.dropFirst(byteOrderMark.count) : data
    } catch let error as EvaluationError {
      throw error
    } catch {
      throw EvaluationError(
        .unreadable, "the file cannot be read", at: path, remedy: "Check the path and its permissions.")
    }
  }

  private static func array(_ data: Data, _ path: String) throws(EvaluationError) -> [PromptExample] {
    do {
      return try JSONDecoder().decode([PromptExample].self, from: data)
    } catch {
      throw malformed(error, at: path)
    }
  }

  private static func lines(
    _ data: Data, _ path: String, limit: Int?
  ) throws(EvaluationError) -> [PromptExample] {
    var examples: [PromptExample] = []
    let decoder = JSONDecoder()
    for (number, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      if examples.count == limit { break }
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
      do {
        examples.append(try decoder.decode(PromptExample.self, from: Data(line)))
      } catch {
        throw malformed(error, at: "\(path):\(number + 1)")
      }
    }
    return examples
  }

  /// A row's own error with its place, or the JSON parser's in one line.
  private static func malformed(_ error: any Error, at place: String) -> EvaluationError {
    if let error = error as? EvaluationError {
      let location = error.location.map { "\(place) \($0)" } ?? place
      return EvaluationError(error.code, error.what, at: location, remedy: error.remedy)
    }
    let remedy = "Give a JSON array of rows (.json) or one JSON object a line (.jsonl)."
    guard let error = error as? DecodingError else {
      return EvaluationError(.malformed, "the file is not valid JSON", at: place, remedy: remedy)
    }
    let (what, path): (String, [any CodingKey]) =
      switch error {
      // The parser's own errors have no path; those with one come from a value such as an unknown role.
      case .dataCorrupted(let context) where !context.codingPath.isEmpty:
        ("a field has an unknown value", context.codingPath)
      case .dataCorrupted(let context): ("the JSON is not valid", context.codingPath)
      case .keyNotFound(let key, let context): ("the field \(key.stringValue) is missing", context.codingPath)
      case .typeMismatch(_, let context), .valueNotFound(_, let context):
        ("a field has the wrong type", context.codingPath)
      @unknown default: ("the JSON is not valid", [])
      }
    return EvaluationError(
      .malformed, what, at: PromptExample.location(path).map { "\(place) \($0)" } ?? place, remedy: remedy)
  }
}
