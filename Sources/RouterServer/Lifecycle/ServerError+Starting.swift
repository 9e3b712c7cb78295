import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ServerError {
  /// What keeps the server from listening, if that is what the error is about.
  init?(starting error: any Error, configuration: ServerConfiguration) {
    let place = "\(configuration.urlHost):\(configuration.port)"
    if let error = error as? IOError {
      switch error.errnoCode {
      case EADDRINUSE:
        self.init(
          code: .addressInUse, what: "Something else already listens on \(place)",
          remedy: "Stop it or choose another port with --port.")
      case EACCES, EPERM:
        self.init(
          code: .addressUnavailable, what: "This user may not listen on \(place)",
          remedy: "Choose a port from 1024 on with --port.")
      case EADDRNOTAVAIL:
        self.init(
          code: .addressUnavailable, what: "This machine doesn't have the address of \(place)",
          remedy: "Choose one of its own with --host, such as 127.0.0.1 or 0.0.0.0.")
      default: return nil
      }
    } else if error is SocketAddressError.UnknownHost || error is SocketAddressError {
      self.init(
        code: .addressUnavailable, what: "The host '\(configuration.host)' is not an address of this machine",
        remedy: "Choose one with --host, such as 127.0.0.1 or 0.0.0.0.")
    } else {
      return nil
    }
  }
}
