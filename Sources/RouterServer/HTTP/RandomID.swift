/// Identifiers of requests and answers.
enum RandomID {
  private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// 24 letters and digits: 142 bits, so two never meet.
  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<24).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A client's own identifier, if it is fit for logs and headers.
  static func accept(_ id: String?) -> String? {
    guard let id, (1...128).contains(id.utf8.count) else { return nil }
    let isPlain = id.utf8.allSatisfy { byte in
      alphabet.contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: ".")
    }
    return isPlain ? id : nil
  }
}
