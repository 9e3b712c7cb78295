import Foundation
import Synchronization

/// Progress of one piece of work on standard error: a bar on a terminal, a line every tenth elsewhere.
final class ProgressBar: Sendable {
  private let label: String
  private let state: Mutex<State>

  private struct State {
    var shown = -1
    var hasFinished = false
    let started = ContinuousClock.now
  }

  /// Work shorter than this shows nothing off a terminal.
  private static let quietSeconds = 2.0
  private static let width = 30

  init(_ label: String) {
    self.label = label
    state = Mutex(State())
  }

  /// Shows that `share`, 0 ... 1, of the work is done, with an optional remark.
  func update(_ share: Double, _ remark: String = "") {
    let share = min(max(share.isFinite ? share : 0, 0), 1)
    state.withLock { state in
      guard !state.hasFinished else { return }
      let elapsed = Self.seconds(since: state.started)
      let step = Int(share * (Terminal.errorIsTerminal ? 200 : 10))
      // A remark is news of its own on a terminal.
      guard step != state.shown || (Terminal.errorIsTerminal && !remark.isEmpty) else { return }
      if !Terminal.errorIsTerminal && elapsed < Self.quietSeconds { return }
      state.shown = step
      let left = share > 0.01 && share < 1 ? ", \(Self.clock(elapsed / share - elapsed)) left" : ""
      let text = "\(label) \(Int(share * 100)) %\(left)\(remark.isEmpty ? "" : ", \(remark)")"
      if Terminal.errorIsTerminal {
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: Self.width - filled)
        FileHandle.standardError.write(Data("\r\u{1B}[K[\(bar)] \(text)".utf8))
      } else {
        Terminal.note(text)
      }
    }
  }

  /// Takes the bar away.
  func finish() {
    state.withLock { state in
      if !state.hasFinished && state.shown >= 0 && Terminal.errorIsTerminal {
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
      }
      state.hasFinished = true
    }
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let parts = (ContinuousClock.now - start).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }

  /// Seconds as 45 s, 3:05 min or 1:02 h.
  private static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60)) min" }
    return "\(whole / 3600):\(two(whole / 60 % 60)) h"
  }
}
