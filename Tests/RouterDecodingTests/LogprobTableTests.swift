import Foundation
import RouterDecoding
import RouterRandom
import RouterTestSupport
import Testing

struct LogprobTableTests {
  @Test func logprobsAreTheLogOfTheSoftmax() {
    var random = SplitMix64(seed: 95)
    // With offsets at which an exponential without care would overflow or vanish.
    for offset: Float in [0, 500, -500] {
      let logits = random.floats(300, amplitude: 8).map { $0 + offset }
      let sum = logits.reduce(0.0) { $0 + exp(Double($1) - Double(offset)) }
      logits.withUnsafeBufferPointer { buffer in
        let table = LogprobTable(buffer)
        let isRight = logits.indices.allSatisfy {
          let expected = Double(logits[$0]) - Double(offset) - log(sum)
          return abs(Double(table[Int32($0)]) - expected) < 1e-5 + abs(Double(offset)) * 0x1p-22
        }
        #expect(isRight, "offset \(offset)")
      }
    }
  }

  @Test func theBestComeInDescendingOrderAndTiesById() {
    let logits: [Float] = [1, 3, 2, 3, -1, 3, 0]
    logits.withUnsafeBufferPointer { buffer in
      let table = LogprobTable(buffer)
      #expect(table.top(0).isEmpty)
      #expect(table.top(2) == [1, 3])
      #expect(table.top(5) == [1, 3, 5, 2, 0])
      #expect(table.top(99) == [1, 3, 5, 2, 0, 6, 4])
    }
  }

  @Test func theBestOfManyAreThoseOfASort() {
    var random = SplitMix64(seed: 96)
    for _ in 0..<20 {
      let logits = (0..<500).map { _ in Float(Int.random(in: 0...200, using: &random)) }
      let sorted = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
      logits.withUnsafeBufferPointer { buffer in
        let isRight = LogprobTable(buffer).top(20) == sorted.prefix(20).map(Int32.init)
        #expect(isRight)
      }
    }
  }
}
