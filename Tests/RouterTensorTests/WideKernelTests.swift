import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Products with row-major f32 and bf16 matrices, against f64 sums.
struct WideKernelTests {
  private static let untouched: Float = -12345

  @Test(arguments: Kernels.available, [false, true])
  func productsAreRightForAllTails(set: Kernels.InstructionSet, isBF16: Bool) throws {
    let table = try set.kernels().table.pointee
    var random = SplitMix64(seed: 11)
    let (rows, stride, largestM) = (5, 7, 13)
    for columns in Array(1...70) + [127, 128, 129, 579] {
      let offset = columns % 4
      let floats = random.floats(rows * columns)
      let narrow = Block(floats.map(HalfPrecision.bf16), offset: offset)
      let wide = Block(floats, offset: offset)
      let weights = isBF16 ? narrow.elements.map(HalfPrecision.float(fromBF16:)) : floats
      let values = random.floats(largestM * columns)
      let input = Block(values, offset: offset)
      var alone: [Float] = []
      for m in 1...largestM {
        let output = Block([Float](repeating: Self.untouched, count: m * stride), offset: offset)
        if isBF16 {
          table.matmul_bf16(narrow.pointer, 1, 4, columns, input.pointer, m, output.pointer, stride)
        } else {
          table.matmul_f32(wide.pointer, 1, 4, columns, input.pointer, m, output.pointer, stride)
        }
        alone += (1..<4).map { output[(m - 1) * stride + $0] }
        var isRight = true
        for i in 0..<m {
          for row in 0..<stride {
            let found = output[i * stride + row]
            guard (1..<4).contains(row) else {
              isRight = isRight && found == Self.untouched
              continue
            }
            var (sum, magnitude) = (0.0, 0.0)
            for c in 0..<columns {
              let product = Double(weights[row * columns + c]) * Double(values[i * columns + c])
              sum += product
              magnitude += abs(product)
            }
            isRight = isRight && abs(Double(found) - sum) <= Double(columns + 1) * 0x1p-24 * magnitude
            isRight = isRight && found == alone[i * 3 + row - 1]
          }
        }
        #expect(isRight, "\(set) [\(m), \(columns)]")
      }
    }
  }
}
