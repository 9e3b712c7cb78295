import RouterEvaluation
import Testing

struct MachineMeterTests {
  @Test func everyNumberOfThreadsIsMeasuredOnce() {
    let meter = MachineMeter(threadCounts: [2, 1, 2], byteCount: 4 << 20)
    meter.measure(repetitions: 1)
    meter.measure(repetitions: 2)
    let limits = meter.limits
    #expect(limits.rates.map(\.threads) == [1, 2])
    #expect(limits.bufferByteCount == 4 << 20)
    for rates in limits.rates {
      for sample in [rates.read, rates.int8, rates.f32] {
        #expect(sample.values.count == 3 && sample.minimum > 0)
      }
    }
    #expect(limits.rates(threads: 2)?.threads == 2)
    #expect(limits.rates(threads: 3) == nil)
  }
}
