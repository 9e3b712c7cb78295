import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Products with some rows of a row-major 8-bit matrix.
struct RowDotKernelTests {
  /// Every instruction set has what plain arithmetic has, and writes nothing else.
  @Test(arguments: Kernels.available)
  func productsAreThoseOfPlainArithmetic(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    var random = SplitMix64(seed: 5)
    for (rows, columns) in [(1, 32), (40, 64), (33, 576), (5, 1024)] {
      // The largest codes of either sign, where sums of 16 bits are nearest to their end.
      let codes = (0..<rows * columns).map { index -> Int8 in
        index % 3 == 0 ? (index % 2 == 0 ? 127 : -128) : Int8.random(in: -128...127, using: &random)
      }
      let inputs = (0..<columns).map { index -> Int8 in
        index % 5 == 0 ? (index % 2 == 0 ? 127 : -127) : Int8.random(in: -127...127, using: &random)
      }
      let scales = random.floats(rows * columns / 32, amplitude: 0.01).map { abs($0) + 0.001 }
      let inputScales = random.floats(columns / 32, amplitude: 0.1).map { abs($0) + 0.01 }
      let sums = [Float](repeating: 0, count: columns / 32)
      let wanted = (0..<rows).filter { $0 % 3 != 1 }.map(UInt32.init)
      var found = [Float](repeating: -7, count: rows)
      inputs.withUnsafeBufferPointer { inputs in
        inputScales.withUnsafeBufferPointer { inputScales in
          sums.withUnsafeBufferPointer { sums in
            let x = rk_activations(
              codes: inputs.baseAddress, scales: inputScales.baseAddress, sums: sums.baseAddress)
            kernels.table.pointee.dot_rows(codes, scales, wanted, wanted.count, columns, x, &found)
          }
        }
      }
      for row in 0..<rows {
        guard wanted.contains(UInt32(row)) else {
          #expect(found[row] == -7, "row \(row) was not asked for")
          continue
        }
        var (expected, size) = (0.0, 0.0)
        for column in 0..<columns {
          let scale = Double(scales[row * columns / 32 + column / 32]) * Double(inputScales[column / 32])
          let term = Double(codes[row * columns + column]) * Double(inputs[column]) * scale
          expected += term
          size += abs(term)
        }
        #expect(abs(Double(found[row]) - expected) <= 1e-6 * size, "row \(row) of [\(rows), \(columns)]")
      }
    }
  }
}
