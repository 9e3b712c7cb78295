import NIOCore
import Synchronization

/// Whether the client of a connection is still there to read an answer.
///
/// A client that closes its sending side counts as gone: to the server that looks the same as one that left,
/// and an answer that nobody reads costs as much as one that somebody does.
package final class ClientPresence: Sendable {
  private struct State {
    var hasLeft = false
    var nextWaiter = 0
    var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
  }

  private let state = Mutex(State())

  /// Assumes that the client is there.
  package init() {}

  /// Whether the client has left.
  var hasLeft: Bool { state.withLock { $0.hasLeft } }

  /// Records that the client left.
  package func leave() {
    let waiters = state.withLock { state in
      state.hasLeft = true
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.finish() }
  }

  /// Returns when the client leaves or the task is cancelled.
  func untilLeft() async {
    let (left, continuation) = AsyncStream<Never>.makeStream()
    let waiter: Int? = state.withLock { state in
      guard !state.hasLeft else { return nil }
      state.nextWaiter += 1
      state.waiters[state.nextWaiter] = continuation
      return state.nextWaiter
    }
    guard let waiter else { return }
    defer { state.withLock { state in state.waiters[waiter] = nil } }
    for await _ in left {}
  }
}

extension ClientPresence {
  /// The presence of a connection's client.
  static func of(_ channel: any Channel) async throws -> ClientPresence {
    try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ClientPresenceHandler.self).presence
    }.get()
  }
}
