import Foundation

/// What this process and the machine have of memory, in bytes.
package enum SystemMemory {
  /// Resident now; nil where the system does not tell.
  package static var resident: Int? { status("VmRSS") }

  /// The most that was ever resident; nil where the system does not tell.
  package static var peakResident: Int? {
    #if os(Linux)
      return status("VmHWM")
    #else
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : nil
    #endif
  }

  /// What could be allocated without swapping, within the limit of the process's control group; half of what is
  /// installed where the system does not tell.
  package static var available: Int {
    let free =
      kilobytes("MemAvailable", in: "/proc/meminfo")
      ?? Int(clamping: ProcessInfo.processInfo.physicalMemory / 2)
    guard let limit = number(in: "/sys/fs/cgroup/memory.max") else { return free }
    return min(free, max(0, limit - (number(in: "/sys/fs/cgroup/memory.current") ?? 0)))
  }

  /// The number that a file holds; nil if it holds another word.
  private static func number(in file: String) -> Int? {
    (try? String(contentsOfFile: file, encoding: .utf8)).flatMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  private static func status(_ field: String) -> Int? { kilobytes(field, in: "/proc/self/status") }

  private static func kilobytes(_ field: String, in path: String) -> Int? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return kilobytes(field, of: text)
  }

  /// The value, in bytes, of a line such as `VmRSS:     1234 kB`.
  package static func kilobytes(_ field: String, of text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix("\(field):") {
      let words = line.split(whereSeparator: \.isWhitespace)
      return words.count > 1 ? Int(words[1]).map { $0 * 1024 } : nil
    }
    return nil
  }
}
