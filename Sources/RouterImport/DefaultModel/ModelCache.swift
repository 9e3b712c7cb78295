import Foundation

/// The directory that holds pulled models.
package struct ModelCache: Sendable, Equatable {
  /// Path of the directory, which need not exist yet.
  package let directory: String

  /// A cache at a given path.
  package init(directory: String) {
    self.directory = directory
  }

  /// The user's cache: `$ROUTER_CACHE`, else `$XDG_CACHE_HOME/router`, else `~/.cache/router`.
  ///
  /// - Throws: `ImportError` if the environment names none of them.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(ImportError) {
    if let path = environment["ROUTER_CACHE"], !path.isEmpty {
      directory = path
    } else if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
      // The XDG specification has relative paths ignored.
      directory = "\(path)/router"
    } else if let path = environment["HOME"], !path.isEmpty {
      directory = "\(path)/.cache/router"
    } else {
      throw ImportError(
        .inputOutput, "there is no home directory to keep models in",
        remedy: "Set ROUTER_CACHE to a directory that may be written to.")
    }
  }

  /// Creates the directory if need be.
  package func create() throws(ImportError) {
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw ImportError(
        .inputOutput, "cannot create the cache: \(error.localizedDescription)", at: .init(file: directory),
        remedy: "Set ROUTER_CACHE to a directory that may be written to.")
    }
  }

  /// Throws if the file system has less than `byteCount` bytes to spare.
  package func checkSpace(_ byteCount: Int) throws(ImportError) {
    var status = statvfs()
    // Where the system does not tell, writing will.
    guard statvfs(directory, &status) == 0 else { return }
    let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    guard free < byteCount else { return }
    throw ImportError(
      .inputOutput, "the disk has \(free / 1_000_000) MB free, \(byteCount / 1_000_000) MB are needed",
      at: .init(file: directory),
      remedy: "Free some space, or set ROUTER_CACHE to a directory on another disk.")
  }
}
