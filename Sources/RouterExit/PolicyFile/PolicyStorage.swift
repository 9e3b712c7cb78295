#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads and replaces small files, with the operating system's own reason in every error.
package enum PolicyStorage {
  /// The bytes of a regular file of limited size.
  ///
  /// - Throws: ``PolicyError``, not yet located.
  static func contents(of path: String, maximumByteCount: Int) throws(PolicyError) -> [UInt8] {
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw unreadable(errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw unreadable(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PolicyError(
        code: .unreadable, what: "this is not a regular file",
        remedy: "Name a policy's JSON file; `router policies` lists the policies that are found.")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= maximumByteCount else {
        throw PolicyError(
          code: .tooLarge, what: "the file is larger than \(maximumByteCount) bytes",
          remedy: "A policy takes about 2 kB: check that this is a policy's JSON file.")
      }
    }
  }

  /// Replaces a file's contents at once or not at all.
  ///
  /// - Throws: ``PolicyError``, located by `path`.
  static func replace(_ path: String, with bytes: [UInt8]) throws(PolicyError) {
    let temporary = "\(path).\(getpid()).tmp"
    do throws(PolicyError) {
      try write(bytes, to: temporary, creating: true)
    } catch {
      unlink(temporary)
      throw PolicyError(code: error.code, what: error.what, location: path, remedy: error.remedy)
    }
    guard rename(temporary, path) == 0 else {
      let number = errno
      unlink(temporary)
      throw unwritable(number, path)
    }
  }

  /// Writes all bytes and waits until they are on the disk.
  ///
  /// - Throws: ``PolicyError``, located by `path`; the file may then hold a part of them.
  package static func write(_ bytes: [UInt8], to path: String, creating: Bool) throws(PolicyError) {
    let flags = O_WRONLY | O_CLOEXEC | (creating ? O_CREAT | O_TRUNC | O_NOFOLLOW : 0)
    let file = open(path, flags, 0o644)
    guard file >= 0 else { throw unwritable(errno, path) }
    var failure: Int32 = 0
    var offset = 0
    while offset < bytes.count && failure == 0 {
      let count = bytes.withUnsafeBytes {
        pwrite(file, $0.baseAddress?.advanced(by: offset), $0.count - offset, off_t(offset))
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
    if close(file) != 0 && failure == 0 { failure = errno }
    guard failure == 0 else { throw unwritable(failure, path) }
  }

  private static func unreadable(_ number: Int32) -> PolicyError {
    PolicyError(
      code: .unreadable, what: "the policy cannot be read: \(reason(number))",
      remedy: "Check the path and its permissions; `router policies` lists the policies that are found.")
  }

  private static func unwritable(_ number: Int32, _ path: String) -> PolicyError {
    PolicyError(
      code: .unwritable, what: "the policy cannot be written: \(reason(number))", location: path,
      remedy: "Check the folder, its permissions and the space that is left on its disk.")
  }

  private static func reason(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
  }
}
