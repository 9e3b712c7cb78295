#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Token ids by their text, for a whole vocabulary at once.
///
/// A dictionary of byte arrays would allocate for each key; here all keys share one array, and a look-up takes
/// bytes wherever they lie.
struct TokenLookup: Sendable {
  private var bytes: [UInt8] = []
  /// Where the text of each entry begins in `bytes`, `[count + 1]`.
  private var offsets: [Int] = [0]
  private(set) var values: [TokenID] = []
  /// Open addressing: the upper half of a text's hash, and below it the entry's index plus one; 0 where free.
  private var slots: [UInt64]

  /// Makes room for `capacity` texts; more must not be added.
  init(capacity: Int) {
    var count = 16
    while count < 2 * capacity { count *= 2 }
    slots = Array(repeating: 0, count: count)
    offsets.reserveCapacity(capacity + 1)
    values.reserveCapacity(capacity)
  }

  /// Whether the table has no text.
  var isEmpty: Bool { values.isEmpty }

  /// The id of a text.
  subscript(text: UnsafeBufferPointer<UInt8>) -> TokenID? {
    let entry = slots[slot(of: text, hash: KeyedHash.hash(text))]
    return entry == 0 ? nil : values[Self.index(of: entry)]
  }

  /// The id of a text.
  subscript(text: [UInt8]) -> TokenID? { text.withUnsafeBufferPointer { self[$0] } }

  /// Sets the id of a text; returns the one that it had.
  mutating func update(_ value: TokenID, for text: UnsafeBufferPointer<UInt8>) -> TokenID? {
    let hash = KeyedHash.hash(text)
    let slot = slot(of: text, hash: hash)
    if slots[slot] != 0 {
      let index = Self.index(of: slots[slot])
      defer { values[index] = value }
      return values[index]
    }
    precondition(values.count < slots.count / 2, "the table is full")
    values.append(value)
    slots[slot] = hash & Self.tagMask | UInt64(values.count)
    bytes.append(contentsOf: text)
    offsets.append(bytes.count)
    return nil
  }

  private static let tagMask: UInt64 = 0xFFFF_FFFF_0000_0000

  private static func index(of entry: UInt64) -> Int { Int(entry & ~tagMask) - 1 }

  /// The slot that holds a text, or that it would take.
  private func slot(of text: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let entry = slots[slot]
      if entry == 0 || (entry ^ hash) & Self.tagMask == 0 && isText(Self.index(of: entry), text) {
        return slot
      }
      slot = (slot + 1) & mask
    }
  }

  private func isText(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let (start, end) = (offsets[index], offsets[index + 1])
    guard end - start == text.count else { return false }
    guard let other = text.baseAddress else { return true }
    return bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return text.isEmpty }
      return memcmp(base + start, other, text.count) == 0
    }
  }
}
