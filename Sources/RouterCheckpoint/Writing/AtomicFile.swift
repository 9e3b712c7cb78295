#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a temporary file in the same directory, which is renamed over the name by ``commit()`` after it
/// has reached the disk; without a commit it is removed with the object.
package final class AtomicFile {
  private let path: String
  private let directory: String
  private let temporaryPath: String
  private var descriptor: Int32
  private var isCommitted = false
  package private(set) var byteCount = 0

  /// - Throws: ``CheckpointError`` with code `notFound`, `noSpace` or `inputOutput`.
  package init(path: String) throws(CheckpointError) {
    directory = Self.directory(of: path)
    temporaryPath = Self.temporaryPath(in: directory)
    self.path = path
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      isCommitted = true
      throw .system("create", code, path: path)
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(temporaryPath) }
  }

  /// A path in the directory of `path` that no file has; if one is left there, ``removeLeftovers(in:)`` removes it.
  static func temporaryPath(beside path: String) -> String { temporaryPath(in: directory(of: path)) }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  private static func temporaryPath(in directory: String) -> String {
    // Not derived from the name, which may already be as long as a name can be.
    let unique = String(UInt64.random(in: .min ... .max), radix: 36)
    return "\(directory)/.router-\(getpid())-\(unique).tmp"
  }

  /// Removes the temporary files that processes which were killed have left in `directory`.
  package static func removeLeftovers(in directory: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
      let parts = name.split(separator: "-")
      guard parts.count == 3, parts[0] == ".router", parts[2].hasSuffix(".tmp"), let owner = pid_t(parts[1]),
        owner > 0, kill(owner, 0) != 0, errno == ESRCH
      else { continue }
      unlink("\(directory)/\(name)")
    }
  }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(CheckpointError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
        #if canImport(Glibc)
          return Glibc.write(descriptor, rest.baseAddress, rest.count)
        #elseif canImport(Musl)
          return Musl.write(descriptor, rest.baseAddress, rest.count)
        #else
          return Darwin.write(descriptor, rest.baseAddress, rest.count)
        #endif
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system("write", errno, path: path, offset: byteCount)
      }
      done += count
      byteCount += count
    }
  }

  /// Makes the file durable and gives it its name.
  package func commit() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw .system("flush", errno, path: path) }
    let closed = close(descriptor)
    descriptor = -1
    // Network file systems report a full disk only here.
    guard closed == 0 else { throw .system("close", errno, path: path) }
    guard rename(temporaryPath, path) == 0 else { throw .system("rename", errno, path: path) }
    isCommitted = true
    // The new name must survive a power failure too. Some file systems cannot flush a directory, and the file
    // is in place by now, so a failure here is not one of writing.
    let parent = open(directory, O_RDONLY | O_CLOEXEC)
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
  }
}
