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

  /// What could be allocated without swapping; half of what is installed where the system does not tell.
  package static var available: Int {
    kilobytes("MemAvailable", in: "/proc/meminfo")
      ?? Int(clamping: ProcessInfo.processInfo.physicalMemory / 2)
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
