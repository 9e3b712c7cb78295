#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file opened for reading at any place, by any number of threads.
///
/// It reads by `pread` and not through a memory map, since a map of a file that shrinks kills the process.
package final class RandomAccessFile: Sendable {
  package let path: String
  /// Size in bytes when the file was opened.
  package let byteCount: Int
  private let descriptor: Int32

  /// - Throws: ``CheckpointError`` with code `notFound` or `inputOutput`.
  package init(path: String) throws(CheckpointError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("open", errno, path: path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system("examine", code, path: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw CheckpointError(
        .inputOutput, "this is not a regular file", at: .init(file: path), remedy: "Give the path of a file.")
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads up to `buffer.count` bytes and returns how many; 0 at the end of the file.
  func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      if errno != EINTR { throw .system("read", errno, path: path, offset: offset) }
    }
  }

  /// Fills `buffer` from `offset` on.
  ///
  /// - Throws: ``CheckpointError`` with code `inputOutput`, or `corrupt` if the file ends before.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    var done = 0
    while done < buffer.count {
      let count = try readSome(
        at: offset + done, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      guard count > 0 else {
        throw CheckpointError(
          .corrupt, "the file ends too early", at: .init(file: path, offset: offset + done),
          remedy: "It was cut while being read; obtain or import it again.")
      }
      done += count
    }
  }

  /// The bytes of `range`, which the caller has checked against ``byteCount``.
  func bytes(in range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(CheckpointError) {
        try read(
          at: range.lowerBound,
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count])
        )
        count = range.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }
}

extension CheckpointError {
  /// An error of the operating system with the number `code`.
  static func system(
    _ action: String, _ code: Int32, path: String, offset: Int? = nil
  ) -> CheckpointError {
    let reason = String(cString: strerror(code))
    let place = Location(file: path, offset: offset)
    return switch code {
    case ENOENT, ENOTDIR:
      CheckpointError(
        .notFound, "cannot \(action) the file: \(reason)", at: place, remedy: "Check the path.",
        underlying: nil)
    case ENOSPC, EDQUOT, EFBIG:
      CheckpointError(
        .noSpace, "cannot \(action) the file: \(reason)", at: place,
        remedy: "Free some space, or write to another file system; nothing was left behind.")
    default:
      CheckpointError(
        .inputOutput, "cannot \(action) the file: \(reason)", at: place,
        remedy: "Check the path, its permissions and the device.")
    }
  }
}
