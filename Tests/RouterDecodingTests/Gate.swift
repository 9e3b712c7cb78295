import Foundation
import RouterExit
import Synchronization

/// Holds the engine's thread within a decision until a test lets it go on, so that what is queued meanwhile is
/// certain.
final class Gate: @unchecked Sendable {
  // `@unchecked Sendable`: the fields are guarded by `condition`.
  private let condition = NSCondition()
  private var isOpen = false
  private var entered = false

  /// Called by the engine's thread: waits until the gate is open, ten seconds at most.
  func pass() {
    condition.lock()
    entered = true
    condition.broadcast()
    let deadline = Date(timeIntervalSinceNow: 10)
    while !isOpen && condition.wait(until: deadline) {}
    condition.unlock()
  }

  func open() {
    condition.lock()
    isOpen = true
    condition.broadcast()
    condition.unlock()
  }

  var hasEntered: Bool {
    condition.lock()
    defer { condition.unlock() }
    return entered
  }

  /// Waits until the engine's thread has reached the gate, ten seconds at most.
  func reached() async throws -> Bool { try await eventually { self.hasEntered } }
}

/// Whether a condition comes true within ten seconds.
func eventually(_ condition: () -> Bool) async throws -> Bool {
  for _ in 0..<10_000 {
    if condition() { return true }
    try await Task.sleep(for: .milliseconds(1))
  }
  return condition()
}

/// Names in the order in which they were noted.
final class Log: Sendable {
  private let names = Mutex<[String]>([])
  func note(_ name: String) { names.withLock { $0.append(name) } }
  var entries: [String] { names.withLock { $0 } }
}
