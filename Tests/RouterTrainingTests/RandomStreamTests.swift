import RouterRandom
import RouterTraining
import Testing

/// The streams of training runs: a run that resumes must draw what it drew before, with any version of the program.
/// Expected values are those of an implementation in Python.
struct RandomStreamTests {
  @Test func everyPurposeAndNumberHasItsOwn() {
    var random = SplitMix64(seed: 3, purpose: .rounding, number: 5)
    #expect([random.next(), random.next()] == [0x7779_328b_67d7_cf22, 0x2c70_770e_aee2_c7cf])
    var other = SplitMix64(seed: 3, purpose: .rounding, number: 6)
    var another = SplitMix64(seed: 3, purpose: .exits, number: 5)
    #expect(Set([random.next(), other.next(), another.next()]).count == 3)
  }

  @Test func rowsAreVisitedInTheSameOrderForEver() {
    var random = SplitMix64(seed: 3, purpose: .order, number: 5)
    #expect(random.visitingOrder(of: 10) == [0, 7, 1, 3, 5, 9, 2, 8, 4, 6])
  }

  @Test func initialValuesAreNormal() {
    var random = SplitMix64(seed: 3, purpose: .initialValues, number: 5)
    let expected: [Float] = [-0.477956, -0.3911314, -0.3374878, -0.862745]
    for value in expected { #expect(abs(random.initialValue() - value) < 1e-6) }
  }
}
