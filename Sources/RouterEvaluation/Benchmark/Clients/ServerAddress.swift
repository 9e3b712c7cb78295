import Foundation

/// Where a server listens: `http://HOST:PORT`, HOST a number or a name.
struct ServerAddress: Sendable {
  let host: String
  let port: Int

  init?(_ url: String) {
    guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty
    else { return nil }
    self.host = host
    port = parts.port ?? 80
  }
}
