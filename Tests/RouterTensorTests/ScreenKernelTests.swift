import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// The kernels of screens, of each instruction set, against decoded rows in f64.
struct ScreenKernelTests {
  /// A screen's blocks made by one instruction set from random rows, and coded inputs.
  private struct Problem {
    let rows: Int
    let columns: Int
    let inputs: Int
    let blocks: Block<UInt8>
    let residuals: [Float]
    let weights: [Float]
    let codes: Block<Int8>
    let scales: Block<Float>
    let sums: Block<Float>

    init(
      rows: Int, columns: Int, inputs: Int = 1, set: Kernels.InstructionSet, offset: Int, seed: UInt64
    ) throws {
      var random = SplitMix64(seed: seed)
      (self.rows, self.columns, self.inputs) = (rows, columns, inputs)
      let count = (rows + 15) / 16
      let bytes = rk_screen_block_bytes(columns)
      let packed = Block([UInt8](repeating: 0, count: count * bytes), offset: offset)
      // Rows of sizes that differ by orders of magnitude, and groups that do too.
      weights = (0..<count * 16 * columns).map { index in
        let row = index / columns
        guard row < rows else { return 0 }
        let size = [1, 0.01, 300, 0][(row + index / 96) % 4]
        return Float(size) * random.signedUnit() * random.signedUnit()
      }
      var left = weights
      let pack = try #require(rk_screen_for(set.kernels().table.pointee.isa).pointee.pack)
      left.withUnsafeMutableBufferPointer { values in
        for block in 0..<count {
          if let base = values.baseAddress {
            pack(base + block * 16 * columns, columns, packed.pointer + block * bytes)
          }
        }
      }
      (blocks, residuals) = (packed, left)
      for row in 0..<rows {
        rk_screen_set_norms(
          blocks.pointer + row / 16 * bytes, row % 16, Float(row % 7) * 0.37, Float(row % 5) * 0.21)
      }
      codes = Block(
        (0..<inputs * columns).map { _ in Int8.random(in: -127...127, using: &random) }, offset: offset)
      scales = Block((0..<inputs * columns / 32).map { _ in abs(random.signedUnit()) }, offset: offset)
      let all = codes.elements
      sums = Block(
        (0..<inputs * columns / 32).map { group in
          Float(all[group * 32..<group * 32 + 32].reduce(0) { $0 + Int($1) })
        },
        offset: offset)
    }

    var view: rk_activations {
      rk_activations(codes: codes.pointer, scales: scales.pointer, sums: sums.pointer)
    }

    func decoded(_ row: Int) -> [Float] {
      var values = [Float](repeating: 0, count: columns)
      rk_screen_decode(blocks.pointer, row, columns, &values)
      return values
    }

    /// The score of a row for an input in f64, and the sum of its terms' magnitudes.
    func score(_ row: Int, _ input: Int) -> (value: Double, magnitude: Double) {
      var (value, magnitude) = (0.0, 0.0)
      for (c, weight) in decoded(row).enumerated() {
        let at = input * columns + c
        let term = Double(weight) * Double(scales[at / 32]) * Double(codes[at])
        value += term
        magnitude += abs(term)
      }
      return (value, magnitude)
    }
  }

  @Test(arguments: Kernels.available)
  func topsAndCeilingsAreThoseOfTheRows(set: Kernels.InstructionSet) throws {
    let kernel = try #require(rk_screen_for(set.kernels().table.pointee.isa).pointee.score)
    for (index, columns) in [32, 64, 96, 160, 576].enumerated() {
      for rows in [1, 7, 15, 16, 17, 33] {
        // From one input to more than any kernel takes at a time.
        let inputs = 1 + (3 * index + rows) % 19
        let problem = try Problem(
          rows: rows, columns: columns, inputs: inputs, set: set, offset: index % 4,
          seed: UInt64(rows * 1000 + columns))
        let count = (rows + 15) / 16
        let stride = count + 2
        let tops = Block([Float](repeating: 9e9, count: inputs * stride), offset: 1)
        let ceilings = Block([Float](repeating: 9e9, count: inputs * stride), offset: 3)
        let reaches = (0..<inputs).map { rk_reach(inside: 0.75 + Float($0), outside: 11 - Float($0)) }
        reaches.withUnsafeBufferPointer { reach in
          kernel(
            problem.blocks.pointer, 0, count, rows, columns,
            rk_screen_inputs(x: problem.view, reach: reach.baseAddress, count: inputs), tops.pointer,
            ceilings.pointer, stride)
        }
        for (input, reach) in reaches.enumerated() {
          for block in 0..<count {
            let lanes = block * 16..<min(rows, block * 16 + 16)
            let scores = lanes.map { problem.score($0, input) }
            let room = (scores.map(\.magnitude).max() ?? 0) * Double(columns / 32 + 8) * 0x1p-24 + 1e-5
            let top = scores.map(\.value).max() ?? 0
            let ceiling =
              zip(lanes, scores).map { row, score in
                let norms = rk_screen_norms(problem.blocks.pointer, row, columns)
                return score.value + Double(reach.inside) * Double(norms.inside)
                  + Double(reach.outside) * Double(norms.outside)
              }.max() ?? 0
            let place = input * stride + block
            #expect(abs(Double(tops[place]) - top) <= room, "\(set) [\(rows), \(columns)] of \(inputs)")
            #expect(
              abs(Double(ceilings[place]) - ceiling) <= room, "\(set) [\(rows), \(columns)] of \(inputs)")
          }
          for rest in count..<stride {
            #expect(tops[input * stride + rest] == 9e9 && ceilings[input * stride + rest] == 9e9)
          }
        }
      }
    }
  }

  /// The residual is the weight less its code, exactly as f32 has it, on every instruction set.
  @Test(arguments: Kernels.available)
  func packingLeavesTheResiduals(set: Kernels.InstructionSet) throws {
    for columns in [32, 96, 576] {
      let problem = try Problem(rows: 37, columns: columns, set: set, offset: 1, seed: UInt64(columns))
      let same = try Problem(rows: 37, columns: columns, set: .scalar, offset: 0, seed: UInt64(columns))
      #expect(problem.blocks.elements == same.blocks.elements, "\(set) codes differ from scalar's")
      for row in 0..<37 {
        let codes = problem.decoded(row)
        let (weights, residuals) = (
          problem.weights[row * columns..<(row + 1) * columns],
          problem.residuals[row * columns..<(row + 1) * columns]
        )
        let isExact = zip(weights, zip(codes, residuals)).allSatisfy { $0 - $1.0 == $1.1 }
        #expect(isExact)
        // 4 bits leave a tenth of a uniform group's length at worst; a group that is all zeros is left at zero.
        let (kept, left) = (weights.reduce(0) { $0 + $1 * $1 }, residuals.reduce(0) { $0 + $1 * $1 })
        #expect(left <= 0.02 * kept, "row \(row): \(left) of \(kept)")
      }
    }
  }

  /// Norms are only ever rounded up, by less than a bfloat16 step.
  @Test func normsAreRoundedUp() {
    var random = SplitMix64(seed: 9)
    let block = Block([UInt8](repeating: 0, count: rk_screen_block_bytes(32)))
    for _ in 0..<2000 {
      let (inside, outside) = (abs(random.signedUnit()) * 1e-3, abs(random.signedUnit()) * 1e6)
      rk_screen_set_norms(block.pointer, 11, inside, outside)
      let stored = rk_screen_norms(block.pointer, 11, 32)
      #expect(stored.inside >= inside && stored.inside <= inside * (1 + 0x1p-7))
      #expect(stored.outside >= outside && stored.outside <= outside * (1 + 0x1p-7))
    }
  }
}
