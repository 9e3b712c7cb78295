import RouterCalibration
import RouterRandom
import Testing

struct ConfidenceSequenceTests {
  @Test func nothingIsKnownWithoutNumbers() {
    let sequence = ConfidenceSequence(confidence: 0.95)
    #expect(sequence.interval == 0...1)
    #expect(sequence.mean == nil)
    #expect(!sequence.exceeds(0))
  }

  /// The promise itself: an interval that ever misses the mean counts, however briefly it does. At 90 %, at most
  /// 10 of 100 sequences may; three standard deviations more are allowed. One mean is met by numbers that are 0 or
  /// 1, by uniform ones and by a constant.
  @Test(arguments: [0.05, 0.4])
  func theMeanIsInsideAtEveryMoment(mean: Double) {
    var generator = SplitMix64(seed: 1)
    var misses = 0
    for run in 0..<100 {
      var sequence = ConfidenceSequence(confidence: 0.9, steps: 100)
      var missed = false
      for _ in 0..<150 {
        switch run % 3 {
        case 0: sequence.add(Double.random(in: 0..<1, using: &generator) < mean ? 1 : 0)
        case 1: sequence.add(Double.random(in: 0..<2 * mean, using: &generator))
        default: sequence.add(mean)
        }
        missed = missed || !sequence.interval.contains(mean) || sequence.exceeds(mean)
      }
      misses += missed ? 1 : 0
    }
    #expect(misses <= 19)
  }

  @Test func theIntervalNarrowsAroundTheMean() {
    var sequence = ConfidenceSequence(confidence: 0.95)
    for index in 0..<400 { sequence.add(index.isMultiple(of: 4) ? 1 : 0) }
    #expect(sequence.mean == 0.25)
    #expect(sequence.interval.contains(0.25))
    // Hoeffding's interval for 400 numbers, at one moment only, is 0.25 +- 0.068.
    #expect(sequence.interval.upperBound - sequence.interval.lowerBound < 0.2)
  }

  @Test func withoutLossTheUpperEndFalls() {
    var sequence = ConfidenceSequence(confidence: 0.95)
    for _ in 0..<100 { sequence.add(0) }
    #expect(sequence.interval.lowerBound == 0)
    // The exact bound for 100 tries without an event, at one moment and one side only, is 0.03.
    #expect((0.03..<0.08).contains(sequence.interval.upperBound))
  }

  @Test func aMeanAboveIsNoticedSoon() {
    var sequence = ConfidenceSequence(confidence: 0.95)
    var needed = 0
    while !sequence.exceeds(0.05) && needed < 1000 {
      sequence.add(needed.isMultiple(of: 2) ? 0.2 : 0.4)
      needed += 1
    }
    #expect(needed < 20)
    #expect(sequence.interval.lowerBound >= 0.05)
    #expect(!sequence.exceeds(0.3))
  }
}
