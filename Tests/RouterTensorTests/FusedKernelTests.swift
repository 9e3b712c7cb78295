import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Kernels that quantise what they compute: the same codes as in two steps.
struct FusedKernelTests {
  private static let widths = [32, 64, 96, 576, 1536]

  @Test(arguments: Kernels.available)
  func rmsNormQuantizeGivesTheCodesOfTheTwoSteps(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    let table = kernels.table.pointee
    var random = SplitMix64(seed: 61)
    for n in Self.widths {
      let (x, w) = (
        Block(random.floats(n, amplitude: 8), offset: n / 32 % 4), Block(random.floats(n), offset: 1)
      )
      let normed = Block([Float](repeating: 0, count: n))
      table.rms_norm(x.pointer, w.pointer, n, 1e-5, normed.pointer)
      let expected = Codes(count: n)
      table.quantize(
        normed.pointer, 1, n, expected.codes.pointer, expected.scales.pointer, expected.sums.pointer)
      let found = Codes(count: n)
      table.rms_norm_quantize(
        x.pointer, w.pointer, n, 1e-5, found.codes.pointer, found.scales.pointer, found.sums.pointer)
      #expect(found == expected, "\(set), \(n)")
    }
  }

  @Test(arguments: Kernels.available)
  func siluMultiplyQuantizeGivesTheCodesOfTheTwoSteps(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 62)
    for n in Self.widths {
      let values = random.floats(n, amplitude: 10)
      let (gate, up) = (Block(values, offset: n / 32 % 4), Block(random.floats(n), offset: 1))
      let found = Codes(count: n)
      table.silu_multiply_quantize(
        gate.pointer, up.pointer, n, found.codes.pointer, found.scales.pointer, found.sums.pointer)
      #expect(gate.elements == values)
      table.silu_multiply(gate.pointer, up.pointer, n)
      let expected = Codes(count: n)
      table.quantize(
        gate.pointer, 1, n, expected.codes.pointer, expected.scales.pointer, expected.sums.pointer)
      #expect(found == expected, "\(set), \(n)")
    }
  }

  /// A NaN in one group must not reach the codes of another, but all of a norm's, which divides by their root.
  @Test(arguments: Kernels.available)
  func somethingNotFiniteShows(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    var values = [Float](repeating: 1, count: 96)
    values[40] = .nan
    let (x, ones) = (Block(values), Block([Float](repeating: 1, count: 96)))
    let normed = Codes(count: 96)
    table.rms_norm_quantize(
      x.pointer, ones.pointer, 96, 1e-5, normed.codes.pointer, normed.scales.pointer, normed.sums.pointer)
    #expect(normed.scales.elements.allSatisfy { $0.isNaN })
    let gated = Codes(count: 96)
    table.silu_multiply_quantize(
      x.pointer, ones.pointer, 96, gated.codes.pointer, gated.scales.pointer, gated.sums.pointer)
    let poisoned = gated.scales.elements.map { $0.isNaN }
    #expect(poisoned == [false, true, false])
  }

  private struct Codes: Equatable {
    let codes: Block<Int8>
    let scales: Block<Float>
    let sums: Block<Float>

    init(count: Int) {
      codes = Block([Int8](repeating: 99, count: count))
      scales = Block([Float](repeating: -7, count: count / 32))
      sums = Block([Float](repeating: -7, count: count / 32))
    }

    static func == (a: Codes, b: Codes) -> Bool {
      a.codes.elements == b.codes.elements && a.scales.elements == b.scales.elements
        && a.sums.elements == b.sums.elements
    }
  }
}
