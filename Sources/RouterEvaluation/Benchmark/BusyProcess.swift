import Foundation

/// Another process that does nothing but take a core, on and off; a `Process` for the reason of ``PeerProcess``.
final class BusyProcess {
  private let process = Process()

  /// Starts it stopped, on core 0 where there is `taskset` to pin it.
  ///
  /// - Throws: ``EvaluationError`` `peerFailed` if there is no shell to run it.
  init() throws(EvaluationError) {
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "taskset -pc 0 $$ >/dev/null 2>&1; while :; do :; done"]
    do {
      try process.run()
    } catch {
      throw EvaluationError(
        .peerFailed, "a busy process cannot be started: \(error.localizedDescription)",
        remedy: "Check /bin/sh.")
    }
    pause()
  }

  deinit {
    // A stopped process would not end on a mere request.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func pause() { kill(process.processIdentifier, SIGSTOP) }
  func resume() { kill(process.processIdentifier, SIGCONT) }
}
