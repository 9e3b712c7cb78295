/// Holds text back while it may still become a stop string, and cuts it there when it does.
///
/// A pure value: text goes in piece by piece, what may be shown comes out. The concatenation of what comes out
/// is the text before the first stop string, however the text was cut into pieces. The first is the one that is
/// complete first; of several that are complete at the same character, the longest.
package struct StopStringMatcher: Sendable {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// Whether a stop string has been seen; nothing comes out after it.
  package private(set) var isStopped = false

  /// Empty stop strings are ignored.
  package init(_ stops: [String]) {
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
  }

  /// Takes the next piece and returns what is now certain to precede any stop string.
  package mutating func append(_ piece: String) -> String {
    guard !isStopped else { return "" }
    guard !stops.isEmpty else { return piece }
    held.append(contentsOf: piece.utf8)
    if let start = firstStop() {
      isStopped = true
      let text = String(decoding: held[..<start], as: UTF8.self)
      held.removeAll()
      return text
    }
    // Stop strings are whole characters, so a held tail starts on a character boundary.
    let keep = longestPossibleStart()
    let text = String(decoding: held[..<(held.count - keep)], as: UTF8.self)
    held.removeFirst(held.count - keep)
    return text
  }

  /// The end of the text: returns what was held back in vain.
  package mutating func finish() -> String {
    defer { held.removeAll() }
    return isStopped ? "" : String(decoding: held, as: UTF8.self)
  }

  /// Where the stop string starts that ends first, the longest of several.
  private func firstStop() -> Int? {
    for end in 1..<held.count + 1 {
      let length = stops.lazy.filter { held[..<end].hasSuffix($0) }.map(\.count).max()
      if let length { return end - length }
    }
    return nil
  }

  /// Length of the longest tail that is a proper beginning of some stop string.
  private func longestPossibleStart() -> Int {
    let longest = min(held.count, (stops.map(\.count).max() ?? 1) - 1)
    for length in stride(from: longest, to: 0, by: -1) {
      let tail = held.suffix(length)
      if stops.contains(where: { $0.count > length && $0.starts(with: tail) }) { return length }
    }
    return 0
  }
}

extension ArraySlice<UInt8> {
  fileprivate func hasSuffix(_ other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
