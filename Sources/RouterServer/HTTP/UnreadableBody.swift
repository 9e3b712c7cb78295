import HTTPTypes
import Hummingbird
import NIOCore

/// The connection broke, or stopped being HTTP, before the body's end: Hummingbird's to deal with.
struct UnreadableBody: Error {
  let cause: any Error
}
