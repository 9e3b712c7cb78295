import Foundation

/// Memory of the machine that programs may still take.
package enum FreeMemory {
  /// Bytes that are free or can be freed at once; nil where the system does not say.
  ///
  /// Linux: `MemAvailable`, or what the process's control group has left of its limit, if that is less.
  package static var byteCount: Int? {
    #if os(Linux)
      let available = text("/proc/meminfo").flatMap { meminfo in
        meminfo.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
          .flatMap { $0.split(separator: " ").dropFirst().first }
          .flatMap { Int($0) }
          .map { $0 << 10 }
      }
      let limit = number("/sys/fs/cgroup/memory.max")
      let used = number("/sys/fs/cgroup/memory.current") ?? 0
      return [available, limit.map { max(0, $0 - used) }].compactMap(\.self).min()
    #else
      return Int(clamping: ProcessInfo.processInfo.physicalMemory)
    #endif
  }

  #if os(Linux)
    private static func text(_ path: String) -> String? {
      FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func number(_ path: String) -> Int? {
      text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
  #endif
}
