import CRouterKernels
import Foundation
import RouterTensor
import Testing

/// One head's attention over a cache, against f64.
struct AttendKernelTests {
  private func attend(
    _ q: [Float], _ keys: [Float], _ values: [Float], scale: Float, with set: Kernels.InstructionSet,
    offset: Int = 0
  ) throws -> [Float] {
    let (width, count) = (q.count, keys.count / q.count)
    let (query, keyBlock, valueBlock) = (
      Block(q, offset: offset), Block(keys, offset: offset), Block(values, offset: offset)
    )
    let scores = Block([Float](repeating: 0, count: count), offset: offset)
    let output = Block([Float](repeating: 9, count: width), offset: offset)
    try set.kernels().table.pointee.attend(
      query.pointer, keyBlock.pointer, valueBlock.pointer, count, width, scale, scores.pointer, output.pointer
    )
    return output.elements
  }

  private func expected(_ q: [Float], _ keys: [Float], _ values: [Float], scale: Float) -> [Double] {
    let (width, count) = (q.count, keys.count / q.count)
    let scores = (0..<count).map { s in
      Double(scale) * (0..<width).reduce(0.0) { $0 + Double(q[$1]) * Double(keys[s * width + $1]) }
    }
    let top = scores.max() ?? 0
    let weights = scores.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    return (0..<width).map { c in
      (0..<count).reduce(0.0) { $0 + weights[$1] / total * Double(values[$1 * width + c]) }
    }
  }

  @Test(arguments: Kernels.available)
  func attentionIsASoftmaxOverPositionsForAllTails(set: Kernels.InstructionSet) throws {
    var random = SeededGenerator(seed: 31)
    for width in [2, 6, 8, 16, 20, 64, 80, 134] {
      for count in Array(1...36) + [100] {
        if width > 20 && count % 5 != 1 { continue }
        let q = random.floats(width, amplitude: 4)
        let (keys, values) = (random.floats(count * width), random.floats(count * width))
        let scale = 1 / Float(width).squareRoot()
        let found = try attend(q, keys, values, scale: scale, with: set, offset: count % 4)
        let exact = expected(q, keys, values, scale: scale)
        // Scores are within 4 sqrt(K) and carry K roundings; values are within 1.
        let bound = Double(4 * width + count + 8) * 0x1p-23
        #expect(zip(found, exact).allSatisfy { abs(Double($0) - $1) <= bound }, "\(set), \(count) x \(width)")
      }
    }
  }

  @Test(arguments: Kernels.available)
  func onePositionGivesItsValueUnchanged(set: Kernels.InstructionSet) throws {
    var random = SeededGenerator(seed: 32)
    let value = random.floats(20)
    #expect(try attend(random.floats(20), random.floats(20), value, scale: 0.3, with: set) == value)
  }

  /// Scores of +-30,000 would overflow an exponential that is taken before the largest is subtracted.
  @Test(arguments: Kernels.available, [2, 17, 33])
  func hugeScoresPickTheLargestPosition(set: Kernels.InstructionSet, count: Int) throws {
    let q = [Float](repeating: 100, count: 4)
    var random = SeededGenerator(seed: 33)
    for best in 0..<count {
      let keys = (0..<count).flatMap { [Float](repeating: $0 == best ? 75 : -75, count: 4) }
      let values = random.floats(count * 4)
      let found = try attend(q, keys, values, scale: 1, with: set)
      #expect(
        zip(found, values[best * 4..<best * 4 + 4]).allSatisfy { abs($0 - $1) <= 1e-30 + abs($1) * 0x1p-23 })
    }
  }
}
