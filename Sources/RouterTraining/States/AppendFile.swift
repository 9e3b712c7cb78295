#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that grows at its end; an append that fails is undone.
final class AppendFile {
  let path: String
  private(set) var byteCount: Int
  private let descriptor: Int32

  /// Opens or makes the file.
  ///
  /// - Throws: ``TrainingError`` `inputOutput` or `noSpace`.
  init(path: String) throws(TrainingError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("open", errno, path) }
    byteCount = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { close(descriptor) }

  /// Cuts the file to `count` bytes.
  func truncate(to count: Int) throws(TrainingError) {
    guard ftruncate(descriptor, off_t(count)) == 0 else { throw .system("cut", errno, path) }
    byteCount = count
  }

  /// Appends all of `bytes`, or nothing.
  func append(_ bytes: [UInt8]) throws(TrainingError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
        return pwrite(descriptor, rest.baseAddress, rest.count, off_t(byteCount + done))
      }
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        ftruncate(descriptor, off_t(byteCount))
        throw .system("write", code, path)
      }
      done += count
    }
    byteCount += done
  }

  /// Reads `count` bytes at `offset`, fewer at the end.
  func bytes(at offset: Int, count: Int) throws(TrainingError) -> [UInt8] {
    var failed: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      let got = pread(descriptor, buffer.baseAddress, count, off_t(offset))
      if got < 0 { failed = errno }
      initialised = max(0, got)
    }
    if let failed { throw .system("read", failed, path) }
    return bytes
  }
}

extension TrainingError {
  /// An error of the operating system with the number `code`.
  static func system(_ action: String, _ code: Int32, _ path: String) -> TrainingError {
    let what = "cannot \(action) the file: \(String(cString: strerror(code)))"
    return code == ENOSPC || code == EDQUOT || code == EFBIG
      ? TrainingError(.noSpace, what, at: path, remedy: "Free some space and start again: work is resumed.")
      : TrainingError(
        .inputOutput, what, at: path, remedy: "Check the path, its permissions and the device.")
  }
}
