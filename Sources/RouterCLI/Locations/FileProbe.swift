import Foundation

/// What is at a path.
enum FileProbe {
  static func isFile(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
  }

  static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Checks, before work begins, that a file can be made at `path`.
  ///
  /// - Throws: ``CommandError`` if there is no such directory, or it may not be written to.
  static func checkDirectory(of path: String) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard isDirectory(directory), FileManager.default.isWritableFile(atPath: directory) else {
      throw CommandError(
        "there is no directory that can be written to", at: directory,
        remedy: "Make it, or give another --out.")
    }
    guard !isDirectory(path) else {
      throw CommandError("this is a directory", at: path, remedy: "Give the path of a file with --out.")
    }
  }
}
