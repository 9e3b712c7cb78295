/// Token ids by their text, for a whole vocabulary at once.
///
/// A dictionary of byte arrays would allocate for each key; here all keys share one array, and a look-up takes
/// bytes wherever they lie. Hashes are seeded anew in each process, so a file cannot aim at collisions.
struct TextTable: Sendable {
  private var bytes: [UInt8] = []
  /// Where the text of each entry begins in `bytes`, `[count + 1]`.
  private var offsets: [Int] = [0]
  private(set) var values: [TokenID] = []
  /// Open addressing: an entry's index, or -1.
  private var slots: [Int32]

  /// Makes room for `capacity` texts; more must not be added.
  init(capacity: Int) {
    var count = 16
    while count < 2 * capacity { count *= 2 }
    slots = Array(repeating: -1, count: count)
    offsets.reserveCapacity(capacity + 1)
    values.reserveCapacity(capacity)
  }

  /// The id of a text.
  subscript(text: UnsafeBufferPointer<UInt8>) -> TokenID? {
    let index = slots[slot(of: text)]
    return index < 0 ? nil : values[Int(index)]
  }

  /// The id of a text.
  subscript(text: [UInt8]) -> TokenID? { text.withUnsafeBufferPointer { self[$0] } }

  /// Sets the id of a text; returns the one that it had.
  mutating func update(_ value: TokenID, for text: UnsafeBufferPointer<UInt8>) -> TokenID? {
    let slot = slot(of: text)
    let index = slots[slot]
    if index >= 0 {
      defer { values[Int(index)] = value }
      return values[Int(index)]
    }
    precondition(values.count < slots.count / 2, "the table is full")
    slots[slot] = Int32(values.count)
    values.append(value)
    bytes.append(contentsOf: text)
    offsets.append(bytes.count)
    return nil
  }

  /// The slot that holds a text, or that it would take.
  private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(text))
    var slot = hasher.finalize() & (slots.count - 1)
    while true {
      let index = Int(slots[slot])
      if index < 0 { return slot }
      let range = offsets[index]..<offsets[index + 1]
      if range.count == text.count && bytes[range].elementsEqual(text) { return slot }
      slot = (slot + 1) & (slots.count - 1)
    }
  }
}
