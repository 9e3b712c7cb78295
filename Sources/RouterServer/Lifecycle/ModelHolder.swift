import Synchronization

/// The place of the model, filled while the server already listens.
final class ModelHolder: Sendable {
  /// What the place holds.
  enum State: Sendable {
    case loading
    case ready(any CompletionBackend)
    case failed(reason: String)
  }

  private let box = Mutex(State.loading)

  var state: State {
    get { box.withLock { $0 } }
    set { box.withLock { $0 = newValue } }
  }

  /// The backend.
  ///
  /// - Throws: an ``APIError`` of status 503 while there is none.
  func backend() throws(APIError) -> any CompletionBackend {
    switch state {
    case .ready(let backend): return backend
    case .loading: throw .loading
    case .failed:
      throw APIError(
        status: 503, kind: .server, message: "The model could not be loaded.", code: "model_failed")
    }
  }
}
