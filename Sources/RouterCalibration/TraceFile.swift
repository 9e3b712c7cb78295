import RouterExit

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An append-only file of traces, one JSON object a line, that survives being killed at any moment.
///
/// The first line is a ``TraceHeader``. Reopening with an equal header gives all complete records back, so
/// that a calibration resumes exactly where it stopped: a line that the last run did not finish is dropped
/// and overwritten. Reopening with another header is refused. One process at a time may write. Use it from
/// one thread.
package final class TraceFile {
  /// Where it is.
  package let path: String

  /// What the traces belong to.
  package let header: TraceHeader

  /// The complete records, in the order of their lines.
  package private(set) var records = TraceRecords()

  private let storage: AppendOnlyFile

  /// Creates a trace file, or resumes one.
  ///
  /// - Throws: ``CalibrationError`` if the file cannot be used, is being written by another process, holds
  ///   something else than traces (by line), or was begun with another header (with the differences).
  package init(path: String, header: TraceHeader) throws(CalibrationError) {
    self.path = path
    self.header = header
    storage = try AppendOnlyFile(path: path)
    let bytes = try storage.contents()
    let headerLine = try Self.line(header, path)
    // A header that was cut off is begun again, but only if it is one: this may be the wrong file.
    if headerLine.starts(with: bytes) && bytes.count < headerLine.count {
      try storage.truncate(to: 0)
      try storage.append(headerLine)
      return
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let found: TraceHeader = try Self.decode(
      lines[0], line: 1, path, remedy: "This is no trace file: name another one with --trace.")
    let differences = found.differences(from: header)
    guard differences.isEmpty else {
      throw CalibrationError(
        code: .settingsMismatch,
        what: "the trace file was begun with other settings (\(differences.joined(separator: "; ")))",
        location: path,
        remedy: "Resume with the same settings, or name another file with --trace to begin anew.")
    }
    guard lines.count > 1 else {
      throw CalibrationError(
        code: .malformedTrace, what: "the header has no line feed", location: "\(path):1",
        remedy: "Delete the file to begin anew.")
    }
    // The part after the last line feed is a line that was cut off; it is empty after a clean stop.
    for (index, line) in lines.enumerated().dropFirst().dropLast() {
      records.append(
        try Self.decode(
          line, line: index + 1, path,
          remedy: "Delete the file to begin anew, or cut it off before this line."))
    }
    try storage.truncate(to: bytes.count - lines[lines.count - 1].count)
  }

  /// Reads a trace that is not to be resumed, to its last complete line.
  ///
  /// - Throws: ``CalibrationError`` if the file cannot be read, or holds something else than traces of this format.
  package static func contents(of path: String) throws(CalibrationError) -> (TraceHeader, [TraceRecord]) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw CalibrationError(
        code: .unusableFile, what: "the trace file cannot be read", location: path,
        remedy: "Check the path; `router calibrate` tells where its trace is.")
    }
    let lines = [UInt8](data).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let remedy = "Name the trace file of a calibration by this version of the program."
    let header: TraceHeader = try decode(lines[0], line: 1, path, remedy: remedy)
    guard header.trace == TraceHeader.formatVersion else {
      throw CalibrationError(
        code: .settingsMismatch,
        what: "the trace has format \(header.trace), and this program reads \(TraceHeader.formatVersion)",
        location: path, remedy: remedy)
    }
    var records: [TraceRecord] = []
    for (index, line) in lines.enumerated().dropFirst().dropLast() {
      records.append(try decode(line, line: index + 1, path, remedy: remedy))
    }
    return (header, records)
  }

  /// Appends a record and waits until it is on the disk.
  ///
  /// - Throws: ``CalibrationError``, for instance on a full disk; the file then ends after the previous
  ///   record.
  package func append(_ record: TraceRecord) throws(CalibrationError) {
    try storage.append(try Self.line(record, path))
    records.append(record)
  }

  private static func line(_ value: some Encodable, _ path: String) throws(CalibrationError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      throw CalibrationError(
        code: .malformedTrace, what: "a record cannot be encoded: \(error)", location: path,
        remedy: "Report this: a checked record always can.")
    }
  }

  private static func decode<Value: Decodable>(
    _ bytes: ArraySlice<UInt8>, line: Int, _ path: String, remedy: String
  ) throws(CalibrationError) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      let reason =
        switch error {
        case let error as CalibrationError: error.what
        case DecodingError.keyNotFound(let key, _): "the field `\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
          DecodingError.dataCorrupted(let context):
          context.debugDescription
        default: "\(error)"
        }
      throw CalibrationError(
        code: .malformedTrace, what: "the line is not a record of this trace: \(reason)",
        location: "\(path):\(line)", remedy: remedy)
    }
  }
}
