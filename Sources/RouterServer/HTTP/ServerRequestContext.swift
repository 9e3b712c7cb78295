import Hummingbird
import Logging
import NIOCore

/// What the server knows about one request besides its HTTP message.
struct ServerRequestContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The connection.
  let channel: any Channel
  /// Identifies the request in logs and in the header `x-request-id`.
  var requestID = ""

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
