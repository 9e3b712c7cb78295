import CRouterKernels
import Foundation
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Kernels on vectors, for every tail length and unaligned starts, against f64.
struct VectorKernelTests {
  private static let lengths = Array(1...70) + [127, 128, 129, 576, 1537]

  @Test(arguments: Kernels.available)
  func rmsNormDividesByTheRootMeanSquare(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 21)
    for n in Self.lengths {
      let (x, w) = (
        Block(random.floats(n, amplitude: 8), offset: n % 4), Block(random.floats(n), offset: n % 3)
      )
      // One element more than is written, to see that it stays.
      let y = Block([Float](repeating: 5, count: n + 1), offset: n % 2)
      table.rms_norm(x.pointer, w.pointer, n, 1e-5, y.pointer)
      let mean = x.elements.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(n)
      let inverse = 1 / (mean + Double(Float(1e-5))).squareRoot()
      let isRight = (0..<n).allSatisfy {
        let expected = Double(x[$0]) * inverse * Double(w[$0])
        // The sum of squares has relative error n 2^-24 at most, its root half of that.
        return abs(Double(y[$0]) - expected) <= abs(expected) * Double(n / 2 + 4) * 0x1p-24
      }
      #expect(isRight && y[n] == 5, "\(set), \(n)")
    }
  }

  /// Sums within what f32 terms allow, the two largest and the smallest exactly.
  @Test(arguments: Kernels.available)
  func softmaxFollowsItsFormula(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 31)
    for n in Self.lengths {
      let x = Block(random.floats(n, amplitude: 12), offset: n % 4)
      let sorted = x.elements.sorted(by: >)
      let found = table.softmax(x.pointer, n)
      #expect(
        found.largest == sorted[0] && found.second == sorted[min(1, n - 1)] && found.smallest == sorted[n - 1]
      )
      let differences = x.elements.map { Double($0) - Double(sorted[0]) }
      let partition = differences.reduce(0) { $0 + exp($1) }
      let weighted = differences.reduce(0) { $0 + $1 * exp($1) }
      #expect(abs(found.partition - partition) <= 2e-6 * partition, "\(set), \(n)")
      #expect(abs(found.weighted - weighted) <= 1e-5 * (1 + abs(weighted)), "\(set), \(n)")
    }
  }

  /// What is not finite shows, wherever it is.
  @Test(arguments: Kernels.available, [Float.nan, .infinity, -.infinity])
  func softmaxShowsWhatIsNotFinite(set: Kernels.InstructionSet, value: Float) throws {
    let table = try set.kernels().table.pointee
    for (n, place) in [(1, 0), (20, 3), (20, 19), (64, 40)] {
      var values = [Float](repeating: 1, count: n)
      values[place] = value
      let x = Block(values)
      let found = table.softmax(x.pointer, n)
      #expect(
        !(found.largest.isFinite && found.smallest.isFinite && found.partition.isFinite),
        "\(set), \(n), \(place)")
    }
  }

  @Test(arguments: Kernels.available)
  func rmsNormOfZerosIsZero(set: Kernels.InstructionSet) throws {
    let (x, w) = (Block([Float](repeating: 0, count: 33)), Block([Float](repeating: 2, count: 33)))
    let y = Block([Float](repeating: 5, count: 33))
    try set.kernels().table.pointee.rms_norm(x.pointer, w.pointer, 33, 1e-5, y.pointer)
    #expect(y.elements.allSatisfy { $0 == 0 })
  }

  @Test(arguments: Kernels.available)
  func addIsExact(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 22)
    for n in Self.lengths {
      let (a, b) = (random.floats(n), random.floats(n, amplitude: 3))
      let (x, y) = (Block(a + [7], offset: n % 4), Block(b, offset: n % 3))
      table.add(x.pointer, y.pointer, n)
      #expect(x.elements == zip(a, b).map(+) + [7], "\(set), \(n)")
    }
  }

  @Test(arguments: Kernels.available)
  func siluMultiplyFollowsItsFormula(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 23)
    for n in Self.lengths {
      let (gates, ups) = (random.floats(n, amplitude: 20), random.floats(n))
      let (gate, up) = (Block(gates + [7], offset: n % 4), Block(ups, offset: n % 3))
      table.silu_multiply(gate.pointer, up.pointer, n)
      let isRight = (0..<n).allSatisfy {
        let expected = Double(gates[$0]) / (1 + exp(-Double(gates[$0]))) * Double(ups[$0])
        return abs(Double(gate[$0]) - expected) <= abs(expected) * 8 * 0x1p-23
      }
      #expect(isRight && gate[n] == 7, "\(set), \(n)")
    }
  }

  /// silu is the identity far to the right and 0 far to the left; in vectors and in their tails.
  @Test(arguments: Kernels.available, [1, 8, 16, 19])
  func siluOfLargeMagnitudesNeitherOverflowsNorLeaks(set: Kernels.InstructionSet, n: Int) throws {
    let table = try set.kernels().table.pointee
    let up = Block([Float](repeating: 1, count: n))
    for value: Float in [90, 200, 1e4, 1e30] {
      let (right, left) = (
        Block([Float](repeating: value, count: n)), Block([Float](repeating: -value, count: n))
      )
      table.silu_multiply(right.pointer, up.pointer, n)
      table.silu_multiply(left.pointer, up.pointer, n)
      #expect(right.elements.allSatisfy { $0 == value }, "\(set)")
      #expect(left.elements.allSatisfy { abs($0) <= value * 1e-38 }, "\(set)")
    }
  }

  @Test(arguments: Kernels.available)
  func rotateTurnsPairsThatLieHalfAHeadApart(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 24)
    for width in Array(stride(from: 2, through: 80, by: 2)) + [128, 130] {
      let half = width / 2
      let (angles, values) = (random.floats(half, amplitude: 3), random.floats(width))
      let cosines = Block(angles.map { cos($0) }, offset: width % 3)
      let sines = Block(angles.map { sin($0) }, offset: width % 4)
      let head = Block(values + [7], offset: width / 2 % 4)
      table.rotate(head.pointer, cosines.pointer, sines.pointer, width)
      let isRight = (0..<half).allSatisfy {
        let (a, b) = (Double(values[$0]), Double(values[$0 + half]))
        let (c, s) = (Double(cosines[$0]), Double(sines[$0]))
        // Two products and a sum of numbers within 1.
        return abs(Double(head[$0]) - (a * c - b * s)) <= 0x1p-22
          && abs(Double(head[$0 + half]) - (b * c + a * s)) <= 0x1p-22
      }
      #expect(isRight && head[width] == 7, "\(set), \(width)")
    }
  }
}
