import Foundation

/// A program of the system, found on PATH, run to its end.
///
/// By Foundation's `Process`, since swift-subprocess starts a program no sooner (1 to 2 ms, both), takes 35 s of processor
/// time to build, and would make all of a pull asynchronous for progress that must be looked up here as there.
package struct Command: Sendable {
  /// Path of the program.
  let program: String
  /// Arguments that precede those of a run.
  var arguments: [String] = []

  /// The outcome of a run.
  struct Outcome: Sendable {
    let status: Int32
    /// The last part of what the program printed.
    let output: String
  }

  /// Finds a program on PATH.
  package static func find(_ name: String, environment: [String: String], arguments: [String] = [])
    -> Command?
  {
    for directory in (environment["PATH"] ?? "").split(separator: ":") {
      let path = "\(directory)/\(name)"
      if FileManager.default.isExecutableFile(atPath: path) {
        return Command(program: path, arguments: arguments)
      }
    }
    return nil
  }

  /// Runs the program with its output in a file, looking up twenty times a second.
  ///
  /// - Parameters:
  ///   - log: path of a file for what the program prints, which is replaced.
  ///   - whileRunning: called now and then; when it throws, the program is ended and the error passed on.
  /// - Throws: `ImportError` if the program cannot be started.
  func run(
    _ more: [String], environment: [String: String], log: String,
    whileRunning: () throws(ImportError) -> Void = {}
  ) throws(ImportError) -> Outcome {
    guard FileManager.default.createFile(atPath: log, contents: nil),
      let output = FileHandle(forWritingAtPath: log)
    else {
      throw ImportError(
        .inputOutput, "cannot create a file", at: .init(file: log),
        remedy: "Check the disk and its permissions.")
    }
    defer { try? output.close() }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + more
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    do {
      try process.run()
    } catch {
      throw ImportError(
        .unavailable, "cannot run the program: \(error.localizedDescription)", at: .init(file: program),
        remedy: "Check its installation.")
    }
    while process.isRunning {
      do throws(ImportError) {
        try whileRunning()
      } catch {
        end(process)
        throw error
      }
      Thread.sleep(forTimeInterval: 0.05)
    }
    process.waitUntilExit()
    let text = String(
      decoding: FileManager.default.contents(atPath: log)?.suffix(4096) ?? Data(), as: UTF8.self)
    return Outcome(
      status: process.terminationStatus, output: text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// Asks the program to end, and kills it if it has not after two seconds.
  private func end(_ process: Process) {
    process.terminate()
    for _ in 0..<20 where process.isRunning { Thread.sleep(forTimeInterval: 0.1) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}
