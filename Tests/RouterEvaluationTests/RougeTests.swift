import RouterEvaluation
import Testing

/// Expected scores: 2 LCS / (m + n) counted by hand.
struct RougeTests {
  @Test(arguments: [
    ("the cat sat on the mat", "the cat sat on the mat", 1.0),
    // LCS "the cat on the mat": 5 of 6 and 6 words.
    ("the cat sat on the mat", "The cat lay on the mat.", 10.0 / 12),
    ("police killed the gunman", "the gunman killed police", 4.0 / 8), ("a b c", "c b a", 2.0 / 6),
    ("one", "two", 0.0), ("", "two", 0.0), ("one", "...", 0.0), ("", "", 1.0), ("it's 3.5", "it s 3 5", 1.0),
  ])
  func scoresCommonSubsequencesOfWords(reference: String, candidate: String, score: Double) {
    #expect(abs(Rouge.scoreL(reference: reference, candidate: candidate) - score) < 1e-12)
  }
}
