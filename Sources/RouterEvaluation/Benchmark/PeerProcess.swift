import Foundation

/// Another engine that is measured in alternation with this one: a command that answers lines.
///
/// The command is started once by `/bin/sh -c` and loads what it needs. Then it reads lines from its standard
/// input, each the name of a measurement (`pp512`, `tg128@0`, `load`), and answers each with one line of JSON
/// on its standard output: `{"name": "tg128@0", "engine": "mine 1.0", "tokens_per_second": 42.0}`, `"seconds"`
/// in place of `"tokens_per_second"` for `load`, or `{"name": ..., "skipped": "why"}`. It ends with its input.
///
/// By Foundation's `Process`, since those of swift-subprocess live only within an asynchronous closure: what waits for
/// an answer here is timed, and must not wait for a pool of threads.
package final class PeerProcess {
  /// One answer.
  package struct Answer: Decodable, Sendable, Equatable {
    package let name: String
    package let engine: String?
    package let tokensPerSecond: Double?
    package let seconds: Double?
    package let skipped: String?

    private enum CodingKeys: String, CodingKey {
      case name, engine, seconds, skipped
      case tokensPerSecond = "tokens_per_second"
    }
  }

  private let command: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = Data()

  /// Starts the command.
  ///
  /// - Throws: ``EvaluationError`` `peerFailed` if the shell cannot be started.
  package init(command: String) throws(EvaluationError) {
    self.command = command
    // A command that has ended must give an error, not end this program by a signal.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardInput = input
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      throw failure("the command cannot be started: \(error.localizedDescription)")
    }
  }

  deinit {
    try? input.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
  }

  /// Has the command take one measurement, and waits for it.
  ///
  /// - Throws: ``EvaluationError`` `peerFailed` if it ends, or answers something else.
  package func measure(_ name: String) throws(EvaluationError) -> Answer {
    do {
      try input.fileHandleForWriting.write(contentsOf: Data("\(name)\n".utf8))
    } catch {
      throw failure("the command has ended")
    }
    let line = try nextLine()
    guard let answer = try? JSONDecoder().decode(Answer.self, from: line), answer.name == name,
      answer.skipped != nil || Self.isSpeed(answer.tokensPerSecond) || Self.isSpeed(answer.seconds)
    else {
      throw failure(
        "the command answered \(name) with \"\(String(decoding: line.prefix(120), as: UTF8.self))\"")
    }
    return answer
  }

  private static func isSpeed(_ value: Double?) -> Bool { value.map { $0 > 0 && $0.isFinite } ?? false }

  private func nextLine() throws(EvaluationError) -> Data {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[pending.startIndex..<end]
        pending = Data(pending[pending.index(after: end)...])
        return Data(line)
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw failure("the command has ended without an answer") }
      pending.append(more)
    }
  }

  private func failure(_ what: String) -> EvaluationError {
    EvaluationError(
      .peerFailed, what, at: command,
      remedy: "Each line it reads names a measurement and wants one line of JSON; see `router bench --help`.")
  }
}
