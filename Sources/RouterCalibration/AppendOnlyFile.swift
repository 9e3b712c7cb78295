#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A locked regular file that grows by whole writes; closed, and so unlocked, when it is released.
final class AppendOnlyFile {
  /// More than any calibration writes; keeps a wrong file from filling the memory.
  static let maximumByteCount = 1 << 30

  private let path: String
  private let file: Int32
  private var byteCount = 0

  /// Opens or creates a file and locks it.
  init(path: String) throws(CalibrationError) {
    self.path = path
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o644)
    guard file >= 0 else { throw Self.unusable(path, errno) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      let number = errno
      close(file)
      throw Self.unusable(path, number)
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.maximumByteCount else {
      close(file)
      throw CalibrationError(
        code: .unusableFile, what: "this is not a regular file of at most \(Self.maximumByteCount) bytes",
        location: path, remedy: "Name another trace file with --trace.")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      throw CalibrationError(
        code: .busy, what: "another process is writing the trace file", location: path,
        remedy: "Wait for it, or name another file with --trace.")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(file) }

  /// All bytes.
  func contents() throws(CalibrationError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var offset = 0
    while offset < byteCount {
      let count = bytes.withUnsafeMutableBytes {
        pread(file, $0.baseAddress?.advanced(by: offset), $0.count - offset, off_t(offset))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.unusable(path, errno) }
      if count == 0 { break }
      offset += count
    }
    return Array(bytes[..<offset])
  }

  /// Forgets everything from `count` on.
  func truncate(to count: Int) throws(CalibrationError) {
    guard ftruncate(file, off_t(count)) == 0 else { throw Self.unusable(path, errno) }
    byteCount = count
  }

  /// Adds bytes and waits until they are on the disk; on failure the file keeps its length.
  func append(_ bytes: [UInt8]) throws(CalibrationError) {
    var offset = 0
    var failure: Int32 = 0
    while offset < bytes.count && failure == 0 {
      let count = bytes.withUnsafeBytes {
        pwrite(file, $0.baseAddress?.advanced(by: offset), $0.count - offset, off_t(byteCount + offset))
      }
      if count > 0 {
        offset += count
      } else if count == 0 {
        failure = EIO
      } else if errno != EINTR {
        failure = errno
      }
    }
    if failure == 0 && fsync(file) != 0 { failure = errno }
    guard failure == 0 else {
      _ = ftruncate(file, off_t(byteCount))
      throw Self.unusable(path, failure)
    }
    byteCount += bytes.count
  }

  private static func unusable(_ path: String, _ number: Int32) -> CalibrationError {
    let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    return CalibrationError(
      code: .unusableFile, what: "the trace file cannot be used: \(reason)", location: path,
      remedy: "Check the folder, its permissions and the space that is left on its disk.")
  }
}
