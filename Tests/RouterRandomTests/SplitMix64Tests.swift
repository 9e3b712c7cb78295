import RouterRandom
import Testing

/// The streams that policies, splits, samples and training runs are made with: another number would be another
/// policy from the same seed. Expected values but the first are those of an implementation in Python.
struct SplitMix64Tests {
  /// The numbers that the authors' C program prints for this seed.
  @Test func drawsWhatTheReferenceDraws() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func unitsHaveFiftyThreeBits() {
    var random = SplitMix64(seed: 7)
    #expect(
      (0..<4).map { _ in random.unit() } == [
        0.3898297483912715, 0.01678829452815611, 0.9007606806068834, 0.5829302930280781,
      ])
  }

  @Test func anIndexTakesOneDraw() {
    var random = SplitMix64(seed: 7)
    #expect((0..<12).map { _ in random.index(below: 10) } == [3, 0, 9, 5, 4, 2, 4, 3, 1, 4, 1, 9])
  }

  /// Logarithms and cosines may differ in the last place from one C library to another.
  @Test func normalsAreThoseOfBoxAndMuller() {
    var random = SplitMix64(seed: 7)
    for expected in [1.3649922974572284, -0.39652397525381783, 0.004498526159832091, -0.580613055262029] {
      #expect(abs(random.normal() - expected) < 1e-12)
    }
  }

  @Test func permutationsHoldEveryNumberOnce() {
    var random = SplitMix64(seed: 7)
    #expect(random.permutation(of: 10) == [9, 5, 8, 6, 1, 2, 4, 7, 0, 3])
    #expect(random.permutation(of: 1_000).sorted() == Array(0..<1_000))
    #expect(random.permutation(of: 1) == [0] && random.permutation(of: 0).isEmpty)
  }
}
