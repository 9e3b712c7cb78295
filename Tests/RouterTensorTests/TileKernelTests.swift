import CRouterKernels
import RouterTensor
import Testing

/// Products with tiled matrices, against the stored codes in exact arithmetic.
struct TileKernelTests {
  private static let untouched: Float = -12345

  /// Runs row blocks `blocks` on `m` rows of activations into `[m, stride]`.
  private func run(
    _ problem: TileProblem, with set: Kernels.InstructionSet, blocks: Range<Int>, m: Int, stride: Int,
    into output: Block<Float>
  ) throws {
    let product = try #require(
      set.kernels().table.pointee.matmul_tiles[Int(problem.encoding.tiles.rawValue)])
    product(
      problem.tiles.pointer, blocks.lowerBound, blocks.upperBound, problem.rows, problem.columns,
      problem.view(), m, output.pointer, stride)
  }

  /// Every row count of activations that takes another way through the kernel, every tail of output rows.
  @Test(arguments: Kernels.available, TileProblem.Encoding.allCases)
  func productsAreRightForAllTails(set: Kernels.InstructionSet, encoding: TileProblem.Encoding) throws {
    // Beyond 1024 columns many rows go panel by panel.
    for columns in [32, 64, 96, 160, 576, 1056, 2080] {
      for (index, rows) in [1, 7, 8, 9, 15, 16, 17, 24, 31, 33].enumerated() {
        // Wide matrices with few shapes, narrow ones with all, to keep the test short.
        if columns > 64 && index % 3 != 1 || columns > 1000 && rows != 17 { continue }
        let problem = TileProblem(
          encoding, rows: rows, columns: columns, activationRows: 33, content: .random, offset: index % 4,
          seed: UInt64(columns * 100 + rows))
        let stride = rows + 3
        var alone: [Float] = []
        for m in 1...33 {
          let output = Block([Float](repeating: Self.untouched, count: m * stride), offset: index % 3)
          try run(problem, with: set, blocks: 0..<problem.blockCount, m: m, stride: stride, into: output)
          alone += (0..<rows).map { output[(m - 1) * stride + $0] }
          var isRight = true
          for i in 0..<m {
            for row in 0..<rows {
              let error = abs(Double(output[i * stride + row]) - problem.expected[i][row])
              isRight = isRight && error <= problem.bounds[i][row]
              // A row's result must not depend on the rows that it is computed with.
              isRight = isRight && output[i * stride + row] == alone[i * rows + row]
            }
            for gap in rows..<stride { isRight = isRight && output[i * stride + gap] == Self.untouched }
          }
          #expect(isRight, "\(set) \(encoding) [\(m), \(columns)] x [\(rows), \(columns)]")
        }
      }
    }
  }

  /// 16-bit sums of products would overflow here if a kernel added one pair too many.
  @Test(arguments: Kernels.available, TileProblem.Encoding.allCases)
  func theLargestCodesDoNotSaturate(set: Kernels.InstructionSet, encoding: TileProblem.Encoding) throws {
    let problem = TileProblem(
      encoding, rows: 18, columns: 128, activationRows: 9, content: .extreme, offset: 0, seed: 3)
    let output = Block([Float](repeating: 0, count: 9 * 18))
    try run(problem, with: set, blocks: 0..<2, m: 9, stride: 18, into: output)
    for i in 0..<9 {
      for row in 0..<18 {
        #expect(abs(Double(output[i * 18 + row]) - problem.expected[i][row]) <= problem.bounds[i][row])
      }
    }
  }

  /// A thread's share of the blocks gives the same bits as all of them at once and touches nothing else.
  @Test(arguments: Kernels.available, TileProblem.Encoding.allCases)
  func aRangeOfBlocksWritesItsOwnRowsOnly(set: Kernels.InstructionSet, encoding: TileProblem.Encoding) throws
  {
    let problem = TileProblem(
      encoding, rows: 55, columns: 64, activationRows: 5, content: .random, offset: 1, seed: 4)
    let whole = Block([Float](repeating: Self.untouched, count: 5 * 55))
    try run(problem, with: set, blocks: 0..<4, m: 5, stride: 55, into: whole)
    for blocks in [0..<1, 1..<3, 3..<4, 2..<2] {
      let part = Block([Float](repeating: Self.untouched, count: 5 * 55))
      try run(problem, with: set, blocks: blocks, m: 5, stride: 55, into: part)
      let written = blocks.lowerBound * 16..<min(55, blocks.upperBound * 16)
      #expect(
        (0..<5 * 55).allSatisfy {
          part[$0] == (written.contains($0 % 55) ? whole[$0] : Self.untouched)
        }, "\(blocks)")
    }
  }

  /// One column of weight 1 and one activation of 1 show each scale as the kernel reads it: all 65,536 halves.
  @Test(arguments: Kernels.available)
  func everyHalfPrecisionScaleIsReadExactly(set: Kernels.InstructionSet) throws {
    let scales = Array(UInt16.min...UInt16.max)
    let n = scales.count
    var codes = [Int8](repeating: 0, count: n * 32)
    for row in 0..<n { codes[row * 32] = 1 }
    let tiles = Block([UInt8](repeating: 0, count: rk_tiles_bytes(rk_encoding_q8, n, 32)))
    scales.withUnsafeBytes { scales in
      let companions = [scales.baseAddress]
      rk_format(rk_encoding_q8).pointee.pack(codes, companions, 0, n, n, 32, tiles.pointer)
    }
    let input = Block<Int8>([1] + [Int8](repeating: 0, count: 31))
    let (factor, sum) = (Block<Float>([1]), Block<Float>([1]))
    let output = Block([Float](repeating: 0, count: n))
    let product = try #require(set.kernels().table.pointee.matmul_tiles[Int(rk_encoding_q8.rawValue)])
    product(
      tiles.pointer, 0, n / 16, n, 32,
      rk_activations(codes: input.pointer, scales: factor.pointer, sums: sum.pointer), 1, output.pointer, n)
    let wrong = scales.filter { bits in
      let value = HalfPrecision.float(fromF16: bits)
      return value.isNaN ? !output[Int(bits)].isNaN : output[Int(bits)] != value
    }
    #expect(wrong.isEmpty)
  }
}
