import Foundation

/// A regular file opened for reading at arbitrary offsets by several threads at once.
///
/// Reads use `pread`, not a mapping: a file that shrinks meanwhile gives an error instead of a signal.
package final class InputFile: Sendable {
  /// Path as the caller gave it.
  let path: String
  /// Last component of the path, which is what errors and provenance show.
  let name: String
  /// Size in bytes when the file was opened.
  let byteCount: Int
  private let descriptor: Int32

  /// Opens `path`.
  ///
  /// - Throws: `ImportError` when it cannot be opened or is not a regular file.
  package init(path: String) throws(ImportError) {
    self.path = path
    name = path.split(separator: "/").last.map(String.init) ?? path
    // O_NONBLOCK: opening a FIFO by mistake must not wait for a writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw ImportError(
        .inputOutput, "cannot open the file: \(Self.lastError())", at: .init(file: path),
        remedy: "Check the path and its permissions.")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ImportError(
        .inputOutput, "this is not a regular file", at: .init(file: path),
        remedy: "Give the path of a GGUF file or of a Hugging Face model directory.")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes that start at `offset`.
  ///
  /// - Throws: `ImportError` when the file ends first or the system fails.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw ImportError(
          .truncated, "the file ends where \(buffer.count - done) more bytes were expected",
          at: .init(file: name, offset: offset + done), remedy: ImportError.downloadAgain)
      } else if errno != EINTR {
        throw ImportError(
          .inputOutput, "cannot read the file: \(Self.lastError())",
          at: .init(file: name, offset: offset + done), remedy: "Check the disk, then try again.")
      }
    }
  }

  /// Reads `count` bytes from `offset`; the caller has checked `count` against `byteCount`.
  package func bytes(at offset: Int, count: Int) throws(ImportError) -> [UInt8] {
    precondition(offset >= 0 && count >= 0 && offset + count <= byteCount, "unchecked range")
    var result = [UInt8](repeating: 0, count: count)
    try result.withUnsafeMutableBufferPointer { buffer throws(ImportError) in
      try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return result
  }

  /// Reads the whole file if it is no larger than `limit` bytes.
  func contents(limit: Int) throws(ImportError) -> [UInt8] {
    guard byteCount <= limit else {
      throw ImportError(
        .malformed, "the file has \(byteCount) bytes, more than the \(limit) that such a file can need",
        at: .init(file: name), remedy: "Check that this is the file that its name says.")
    }
    return try bytes(at: 0, count: byteCount)
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}
