import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// The quantiser of activations: groups of 32, `x = scale * code`.
struct QuantizeKernelTests {
  private struct Codes {
    let codes: Block<Int8>
    let scales: Block<Float>
    let sums: Block<Float>
  }

  private func quantize(
    _ values: [Float], rows: Int, with set: Kernels.InstructionSet, offset: Int = 0
  ) throws -> Codes {
    let groups = values.count / 32
    let input = Block(values, offset: offset)
    let codes = Codes(
      codes: Block([Int8](repeating: 99, count: values.count), offset: 3 * offset),
      scales: Block([Float](repeating: -7, count: groups), offset: offset),
      sums: Block([Float](repeating: -7, count: groups), offset: offset))
    try set.kernels().table.pointee.quantize(
      input.pointer, rows, values.count / rows, codes.codes.pointer, codes.scales.pointer, codes.sums.pointer)
    return codes
  }

  @Test(arguments: Kernels.available)
  func codesAreTheNearestForTheGroupsLargestMagnitude(set: Kernels.InstructionSet) throws {
    var random = SplitMix64(seed: 1)
    for (rows, columns, offset) in [(1, 32, 0), (1, 96, 1), (3, 64, 2), (5, 576, 3)] {
      var values: [Float] = []
      // Groups of very different size, down to 2^-30.
      for group in 0..<rows * columns / 32 {
        values += random.floats(32, amplitude: Float(sign: .plus, exponent: 8 - group % 39, significand: 1))
      }
      let found = try quantize(values, rows: rows, with: set, offset: offset)
      for group in 0..<values.count / 32 {
        let range = group * 32..<group * 32 + 32
        let largest = values[range].map(abs).max() ?? 0
        let scale = found.scales[group]
        #expect(scale == largest / 127)
        #expect(range.allSatisfy { abs(Int(found.codes[$0])) <= 127 })
        #expect(found.sums[group] == Float(range.reduce(0) { $0 + Int(found.codes[$1]) }))
        // Half a step, and three roundings of numbers up to 127.
        let bound = scale * (0.5 + 3 * 127 * 0x1p-24)
        let worst = range.map { abs(values[$0] - scale * Float(found.codes[$0])) }.max() ?? 0
        #expect(worst <= bound, "\(set) group \(group)")
      }
    }
  }

  @Test(arguments: Kernels.available)
  func zerosStayZeros(set: Kernels.InstructionSet) throws {
    let values = [Float](repeating: 0, count: 64) + [Float](repeating: -0.0, count: 32)
    let found = try quantize(values, rows: 1, with: set)
    #expect(found.codes.elements.allSatisfy { $0 == 0 })
    #expect(found.scales.elements == [0, 0, 0])
    #expect(found.sums.elements == [0, 0, 0])
  }

  /// The reciprocal of a subnormal magnitude overflows: such a group is as good as zero.
  @Test(arguments: Kernels.available)
  func subnormalMagnitudesBecomeZeros(set: Kernels.InstructionSet) throws {
    let found = try quantize([Float](repeating: 0x1p-133, count: 32), rows: 1, with: set)
    #expect(found.codes.elements.allSatisfy { $0 == 0 })
    #expect(found.sums[0] == 0)
    #expect(found.scales[0].isFinite)
  }

  @Test(arguments: Kernels.available)
  func theLargestFiniteMagnitudesKeepTheirSign(set: Kernels.InstructionSet) throws {
    let top = Float.greatestFiniteMagnitude
    let found = try quantize((0..<32).map { $0 % 2 == 0 ? top : -top / 4 }, rows: 1, with: set)
    #expect(found.scales[0] == top / 127)
    #expect(found.codes.elements == (0..<32).map { $0 % 2 == 0 ? 127 : -32 })
  }

  /// A NaN or an infinity must show in what is computed from the group, and in no other group.
  @Test(arguments: Kernels.available, [Float.nan, -.nan, .infinity, -.infinity, .signalingNaN])
  func somethingNotFiniteMakesItsGroupNaNAndNoOther(set: Kernels.InstructionSet, value: Float) throws {
    for position in [32, 39, 40, 47, 48, 63] {
      var values = [Float](repeating: 1, count: 96)
      values[position] = value
      let found = try quantize(values, rows: 1, with: set)
      #expect(found.scales[1].isNaN, "\(set), element \(position)")
      #expect(found.codes.elements[32..<64].allSatisfy { $0 == 0 })
      #expect(found.sums[1] == 0)
      #expect(found.scales[0] == 1.0 / 127 && found.scales[2] == 1.0 / 127)
    }
  }
}
