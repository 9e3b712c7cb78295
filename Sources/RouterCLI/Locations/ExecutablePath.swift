import Foundation

/// Where this program's own file is.
package enum ExecutablePath {
  /// The resolved path; nil if the system does not tell.
  package static var current: String? {
    #if os(Linux)
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
        return target
      }
    #endif
    return Bundle.main.executablePath.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
  }
}
