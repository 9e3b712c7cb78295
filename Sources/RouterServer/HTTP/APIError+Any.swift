import Hummingbird
import RouterDecoding

extension APIError {
  /// The refusal that any error amounts to; what is not meant for clients becomes a plain 500.
  init(any error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as GenerationError: self = APIError(error)
    case let error as PrefixError: self = APIError(error)
    case let error as CompletionFeed.Interruption:
      switch error {
      case .clientLeft:
        self = APIError(
          status: 499, kind: .invalidRequest, message: "The client closed the connection.",
          code: "client_closed_request")
      case .timedOut:
        self = APIError(
          status: 504, kind: .server, message: "The request took longer than this server allows.",
          code: "timeout")
      case .shuttingDown: self = .shuttingDown
      case .incomplete: self = .internalFailure
      }
    default: self = .internalFailure
    }
  }
}
