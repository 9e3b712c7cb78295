import Foundation

/// What kind of processor the program runs on.
package struct Processor: Sendable, Codable, Equatable {
  /// As the system names it, with family and model where it tells them, since names can be shared.
  package let name: String
  package let cores: Int
  /// Bytes of the last level of cache; nil where the system does not tell.
  package let lastLevelCacheByteCount: Int?

  package init(name: String, cores: Int, lastLevelCacheByteCount: Int?) {
    self.name = name
    self.cores = cores
    self.lastLevelCacheByteCount = lastLevelCacheByteCount
  }

  private enum CodingKeys: String, CodingKey {
    case name, cores
    case lastLevelCacheByteCount = "last_level_cache_bytes"
  }

  package static let current = Processor(
    name: systemName() ?? "unknown processor", cores: ProcessInfo.processInfo.activeProcessorCount,
    lastLevelCacheByteCount: lastLevelCache())

  private static func systemName() -> String? {
    #if os(Linux)
      guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
      return name(cpuinfo: text)
    #else
      var size = 0
      guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 1 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix(size - 1), as: UTF8.self)
    #endif
  }

  /// The first processor of Linux's /proc/cpuinfo, x86 or Arm.
  package static func name(cpuinfo text: String) -> String? {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    if let name = fields["model name"] {
      guard let family = fields["cpu family"], let model = fields["model"] else { return name }
      return "\(name), family \(family) model \(model)"
    }
    if let implementer = fields["CPU implementer"], let part = fields["CPU part"] {
      return "Arm implementer \(implementer) part \(part)"
    }
    return nil
  }

  private static func lastLevelCache() -> Int? {
    #if os(Linux)
      let directory = "/sys/devices/system/cpu/cpu0/cache"
      let sizes = (0..<8).compactMap { index in
        try? String(contentsOfFile: "\(directory)/index\(index)/size", encoding: .utf8)
      }
      return sizes.compactMap { cacheSize($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.max()
    #else
      var value: Int64 = 0
      var size = MemoryLayout<Int64>.size
      return sysctlbyname("hw.l2cachesize", &value, &size, nil, 0) == 0 ? Int(value) : nil
    #endif
  }

  /// Bytes of a size such as `32768K` or `32M`.
  package static func cacheSize(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let last = text.last else { return nil }
    guard let unit = units[last] else { return Int(text) }
    return Int(text.dropLast()).map { $0 * unit }
  }
}
