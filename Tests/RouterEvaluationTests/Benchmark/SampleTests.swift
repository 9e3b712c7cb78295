import RouterEvaluation
import Testing

struct SampleTests {
  @Test func theMedianIsTheMiddleValue() {
    #expect(Sample([5, 1, 9]).median == 5)
    #expect(Sample([4, 1, 9, 2]).median == 3)
    #expect(Sample().median == 0)
  }

  @Test func theSpreadIsFromLeastToGreatest() {
    let sample = Sample([5, 1, 9])
    #expect(sample.minimum == 1 && sample.maximum == 9)
  }

  @Test func aRatioPairsRepetitions() {
    #expect(Sample([6, 8]).ratio(to: Sample([2, 4])).values == [3, 2])
  }
}
