import Foundation

/// A directory of its own for one pull, inside the cache so that its results can be renamed into place.
///
/// A lock on a file in it lives as long as the process. What a killed process left behind is unlocked, and
/// the next pull removes it.
package struct WorkDirectory: Sendable {
  private static let prefix = ".pull-"
  /// How long a directory may exist before its lock, in seconds.
  private static let grace: TimeInterval = 60

  package let path: String
  private let lock: Int32

  /// Creates the directory and locks it, after removing those that are stale.
  package init(in cache: ModelCache) throws(ImportError) {
    Self.removeStale(in: cache)
    path = "\(cache.directory)/\(Self.prefix)\(String(UInt64.random(in: .min ... .max), radix: 16))"
    guard mkdir(path, 0o700) == 0 else { throw Self.failure("create a directory", cache.directory) }
    lock = open("\(path)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let error = Self.failure("lock a file", path)
      if lock >= 0 { close(lock) }
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  /// Removes the directory with all that is in it, and gives up the lock. To be called once.
  package func remove() {
    try? FileManager.default.removeItem(atPath: path)
    close(lock)
  }

  /// Creates a directory within and returns its path.
  func makeDirectory(_ name: String) throws(ImportError) -> String {
    let directory = "\(path)/\(name)"
    guard mkdir(directory, 0o700) == 0 else { throw Self.failure("create a directory", path) }
    return directory
  }

  /// Size in bytes of the largest file below a directory: of the download, while pip writes it.
  static func largestFile(below directory: String) -> Int {
    let files = FileManager.default.enumerator(atPath: directory)
    var largest = 0
    while let name = files?.nextObject() as? String {
      var status = stat()
      if lstat("\(directory)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        largest = max(largest, Int(status.st_size))
      }
    }
    return largest
  }

  private static func removeStale(in cache: ModelCache) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cache.directory)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let path = "\(cache.directory)/\(name)"
      let lock = open("\(path)/lock", O_RDWR | O_CLOEXEC)
      if lock >= 0 {
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
        close(lock)
      } else {
        // Another pull may be between creating its directory and locking it.
        var status = stat()
        guard lstat(path, &status) == 0 else { continue }
        let age = Date().timeIntervalSince1970 - TimeInterval(status.st_mtim.tv_sec)
        if age > grace { try? FileManager.default.removeItem(atPath: path) }
      }
    }
  }

  private static func failure(_ action: String, _ path: String) -> ImportError {
    ImportError(
      .inputOutput, "cannot \(action): \(String(cString: strerror(errno)))", at: .init(file: path),
      remedy: "Set ROUTER_CACHE to a directory that may be written to.")
  }
}
