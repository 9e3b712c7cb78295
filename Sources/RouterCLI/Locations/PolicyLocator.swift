import Foundation
import RouterExit

/// Finds policy files by name, from any working directory.
///
/// Search order: a path (a name with a slash or ending in .json), `./policies`, the directory named by
/// `ROUTER_POLICIES`, then the policies that are shipped with the program: `share/router/policies` beside the
/// `bin` directory it is installed in, or `policies` of the source tree it was built in.
package struct PolicyLocator {
  /// Directories in search order.
  package let directories: [String]

  static let standard = PolicyLocator(
    environment: ProcessInfo.processInfo.environment, executable: ExecutablePath.current,
    workingDirectory: FileManager.default.currentDirectoryPath)

  /// Lists the places for a program at `executable` that runs in `workingDirectory`.
  package init(environment: [String: String], executable: String?, workingDirectory: String) {
    var directories = ["\(workingDirectory)/policies"]
    if let named = environment["ROUTER_POLICIES"], !named.isEmpty { directories.append(named) }
    if let executable {
      let binary = URL(fileURLWithPath: executable).deletingLastPathComponent()
      directories.append(
        binary.deletingLastPathComponent().appendingPathComponent("share/router/policies").path)
      // A development build lies in .build/TRIPLE/CONFIGURATION of its source tree.
      var parent = binary
      while parent.pathComponents.count > 1 {
        parent.deleteLastPathComponent()
        if FileProbe.isFile(parent.appendingPathComponent("Package.swift").path) {
          directories.append(parent.appendingPathComponent("policies").path)
          break
        }
      }
    }
    var seen: Set<String> = []
    self.directories = directories.filter { seen.insert($0).inserted }
  }

  /// The policy called `name`, or at the path `name`.
  ///
  /// - Throws: ``CommandError`` if there is none, `PolicyError` if it is broken.
  package func load(_ name: String) throws -> PolicyFile {
    if name.contains("/") || name.hasSuffix(".json") { return try PolicyFile(path: name) }
    for directory in directories {
      let path = "\(directory)/\(name).json"
      if FileProbe.isFile(path) { return try PolicyFile(path: path) }
    }
    let known = names().map(\.name)
    throw CommandError(
      "there is no policy called \(name)", at: directories.joined(separator: ", "),
      remedy: known.isEmpty
        ? "Make one with `router calibrate`."
        : "Choose one of \(known.joined(separator: ", ")), or give a path.")
  }

  /// Names and paths of all policies that can be found, the first of each name.
  package func names() -> [(name: String, path: String)] {
    var found: [String: String] = [:]
    for directory in directories {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
      for file in files where file.hasSuffix(".json") && FileProbe.isFile("\(directory)/\(file)") {
        let name = String(file.dropLast(5))
        if found[name] == nil { found[name] = "\(directory)/\(file)" }
      }
    }
    return found.map { (name: $0.key, path: $0.value) }.sorted { $0.name < $1.name }
  }
}
