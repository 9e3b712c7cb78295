import Foundation
import RouterCLI
import RouterExit
import RouterTestSupport

/// A temporary directory with every place where policies may be.
final class PolicyTree {
  private let directory: TemporaryDirectory
  var root: String { directory.path }

  init() throws { directory = try TemporaryDirectory() }

  /// Writes a file with the directories above it.
  func write(_ text: String, to path: String) throws {
    try directory.write(text.utf8, as: path)
  }

  /// Writes a policy that is recognised by its depth.
  func writePolicy(depth: Int, to path: String) throws {
    let file = try PolicyFile(rule: .fixed(FixedDepthPolicy(name: "wanted", depth: depth)))
    try write(String(decoding: try file.json(), as: UTF8.self), to: path)
  }

  func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(root)/\(path)") }

  /// A locator of a program in `source/.build/x86/bin`, run in `work`, with `ROUTER_POLICIES` naming `named`.
  func locator(named: String? = "named") -> PolicyLocator {
    PolicyLocator(
      environment: named.map { ["ROUTER_POLICIES": $0.isEmpty ? "" : "\(root)/\($0)"] } ?? [:],
      executable: "\(root)/source/.build/x86/bin/router", workingDirectory: "\(root)/work")
  }
}
