import RouterDecoding
import RouterRandom
import Testing

/// The law: however a text is cut into pieces, what comes out is the text before the first stop string.
struct StopStringMatcherTests {
  /// What comes out of pieces, and whether a stop string was seen.
  private func run(_ pieces: [String], stops: [String]) -> (text: String, isStopped: Bool) {
    var matcher = StopStringMatcher(stops)
    var text = ""
    for piece in pieces { text += matcher.append(piece) }
    return (text + matcher.finish(), matcher.isStopped)
  }

  /// The first stop string is the one that is complete first, the longest of several: found by trying each end.
  private func expected(_ text: String, stops: [String]) -> (text: String, isStopped: Bool) {
    let characters = Array(text.unicodeScalars)
    for end in 0...characters.count {
      let seen = String(String.UnicodeScalarView(characters[..<end]))
      let match = stops.filter { !$0.isEmpty && seen.utf8.reversed().starts(with: $0.utf8.reversed()) }
        .max { $0.unicodeScalars.count < $1.unicodeScalars.count }
      if let match {
        return (String(String.UnicodeScalarView(characters[..<(end - match.unicodeScalars.count)])), true)
      }
    }
    return (text, false)
  }

  /// All ways to cut a text of n scalars into pieces: 2^(n - 1).
  private func cuts(_ text: String) -> [[String]] {
    let scalars = Array(text.unicodeScalars)
    return (0..<1 << max(0, scalars.count - 1)).map { mask in
      var pieces = [""]
      for (index, scalar) in scalars.enumerated() {
        pieces[pieces.count - 1].unicodeScalars.append(scalar)
        if mask >> index & 1 == 1 { pieces.append("") }
      }
      return pieces
    }
  }

  @Test(arguments: [
    ("hello world", ["wor"]), ("aaab", ["aab"]), ("aaaab", ["aaab", "ab"]), ("abcdXyz", ["abcdX", "bc"]),
    ("abcabcabd", ["abcabd"]), ("xabababc", ["ababc", "zz"]), ("ab\n\nUser:", ["\n\nUser:", "\n\n"]),
    ("naïve🦙🦙!", ["🦙!", "ï!"]), ("e\u{301}a\u{301}", ["a\u{301}"]), ("日本語です", ["語で", "本日"]),
    ("stop", ["stop"]),
    ("no such", ["xyz"]), ("tail st", ["stop", "t stx"]), ("", ["x"]), ("keep all", []), ("empty", [""]),
    ("one\u{FFFD}two", ["\u{FFFD}t"]),
  ])
  func howeverATextIsCutItEndsBeforeTheFirstStopString(text: String, stops: [String]) {
    let expected = expected(text, stops: stops)
    for pieces in cuts(text) {
      let found = run(pieces, stops: stops)
      // Compared as scalars: String's == would see canonically equal texts as the same.
      #expect(found.text.unicodeScalars.elementsEqual(expected.text.unicodeScalars), "\(pieces)")
      #expect(found.isStopped == expected.isStopped, "\(pieces)")
    }
  }

  /// Texts and stop strings over two letters, where nearly everything overlaps.
  @Test func theLawHoldsForRandomOverlappingStops() {
    var random = SplitMix64(seed: 81)
    func word(_ range: ClosedRange<Int>) -> String {
      String((0..<Int.random(in: range, using: &random)).map { _ in Bool.random(using: &random) ? "a" : "b" })
    }
    for _ in 0..<400 {
      let text = word(1...9)
      let stops = (0..<Int.random(in: 1...3, using: &random)).map { _ in word(1...5) }
      let expected = expected(text, stops: stops)
      let isRight = cuts(text).allSatisfy { run($0, stops: stops) == expected }
      #expect(isRight, "\(text) \(stops)")
    }
  }

  /// Nothing is held back longer than it may still become a stop string.
  @Test func textIsReleasedAsSoonAsItCannotBeAStop() {
    var matcher = StopStringMatcher(["<end>", "\n\n"])
    #expect(matcher.append("one") == "one")
    #expect(matcher.append(" <e") == " ")
    #expect(matcher.append("n") == "")
    #expect(matcher.append("g\n") == "<eng")
    #expect(matcher.append("x") == "\nx")
    #expect(matcher.append("\n") == "")
    #expect(!matcher.isStopped)
    #expect(matcher.append("\n more") == "")
    #expect(matcher.isStopped)
    #expect(matcher.append("nothing") == "")
    #expect(matcher.finish() == "")
  }

  @Test func whatWasHeldInVainComesOutOnce() {
    var matcher = StopStringMatcher(["stop"])
    #expect(matcher.append("sto") == "")
    #expect(matcher.finish() == "sto")
    #expect(matcher.finish() == "")
  }
}
