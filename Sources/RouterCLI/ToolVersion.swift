import ArgumentParser

/// The version of this program.
enum ToolVersion {
  static let current = "0.1.0"
  /// As it is written into files.
  static let provenance = "router \(current)"
}
