/// A hash of short texts and numbers under a key that each process draws anew, so that a file cannot aim at
/// collisions.
///
/// Words are folded by the two halves of a 128-bit product, a few nanoseconds for a token: the standard
/// library's hash takes most of the time of a table of a million short keys.
enum KeyedHash {
  private static let key: (UInt64, UInt64) = {
    var random = SystemRandomNumberGenerator()
    return (random.next() | 1, random.next() | 1)
  }()

  /// The hash of a number.
  static func hash(_ number: UInt64) -> UInt64 {
    fold(number ^ key.0, key.1)
  }

  /// The hash of some bytes.
  static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    guard let base = text.baseAddress else { return fold(key.0, key.1) }
    let bytes = UnsafeRawPointer(base)
    var left = text.count
    var at = 0
    var state = key.0 ^ UInt64(truncatingIfNeeded: left) &* 0x9E37_79B9_7F4A_7C15
    while left > 8 {
      state = fold(state ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), key.1)
      at += 8
      left -= 8
    }
    // The last one to eight bytes; the length is in the state, so that parts may overlap.
    let last: UInt64
    if left >= 4 {
      last =
        UInt64(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) << 32
        | UInt64(bytes.loadUnaligned(fromByteOffset: at + left - 4, as: UInt32.self))
    } else if left > 0 {
      last = UInt64(base[at]) << 16 | UInt64(base[at + left / 2]) << 8 | UInt64(base[at + left - 1])
    } else {
      last = 0
    }
    return fold(fold(state ^ last, key.1), key.0)
  }

  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
