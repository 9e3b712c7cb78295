import RouterExit
import RouterRandom
import Testing

struct TokenDistanceTests {
  @Test func disagreementIsTheFractionOfDifferingPositions() {
    #expect(TokenDistance.disagreement([], []) == 0)
    #expect(TokenDistance.disagreement([1, 2, 3, 4], [1, 2, 3, 4]) == 0)
    #expect(TokenDistance.disagreement([1, 2, 3, 4], [1, 9, 3, 9]) == 0.5)
    // A missing position differs.
    #expect(TokenDistance.disagreement([1, 2, 3, 4], [1, 2]) == 0.5)
    #expect(TokenDistance.disagreement([1, 2], [1, 2, 3, 4]) == 0.5)
    #expect(TokenDistance.disagreement([1], []) == 1)
  }

  @Test func rougeDistanceKnownCases() {
    #expect(TokenDistance.rouge([], []) == 0)
    #expect(TokenDistance.rouge([1], []) == 1)
    #expect(TokenDistance.rouge([1, 2, 3], [1, 2, 3]) == 0)
    #expect(TokenDistance.rouge([1, 2], [3, 4]) == 1)
    // Lin 2004: "police killed the gunman" against "police kill the gunman": LCS 3 of 4, F1 = 3/4.
    #expect(TokenDistance.rouge([1, 2, 3, 4], [1, 5, 3, 4]) == 0.25)
    // ... and against "the gunman kill police": LCS 2, F1 = 1/2.
    #expect(TokenDistance.rouge([1, 2, 3, 4], [3, 4, 5, 1]) == 0.5)
  }

  /// The recursive definition, on sequences short enough for it.
  static func recursiveLCS(_ a: ArraySlice<Int32>, _ b: ArraySlice<Int32>) -> Int {
    guard let x = a.last, let y = b.last else { return 0 }
    if x == y { return recursiveLCS(a.dropLast(), b.dropLast()) + 1 }
    return max(recursiveLCS(a.dropLast(), b), recursiveLCS(a, b.dropLast()))
  }

  @Test func theSubsequenceIsTheLongest() {
    var generator = SplitMix64(seed: 9)
    for _ in 0..<200 {
      let a = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        Int32.random(in: 0...3, using: &generator)
      }
      let b = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        Int32.random(in: 0...3, using: &generator)
      }
      #expect(TokenDistance.longestCommonSubsequence(a, b) == Self.recursiveLCS(a[...], b[...]))
    }
  }

  @Test func lossesStayInTheUnitIntervalAndAreSymmetric() {
    var generator = SplitMix64(seed: 10)
    for _ in 0..<200 {
      let a = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
        Int32.random(in: 0...5, using: &generator)
      }
      let b = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
        Int32.random(in: 0...5, using: &generator)
      }
      for metric in [TokenDistance.disagreement, TokenDistance.rouge] {
        #expect((0...1).contains(metric(a, b)))
        #expect(metric(a, b) == metric(b, a))
        #expect(metric(a, a) == 0)
      }
    }
  }
}
