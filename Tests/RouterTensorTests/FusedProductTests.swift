import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Products that are joined with what follows them: the bits of the separate steps.
struct FusedProductTests {
  private static let columns = 96

  private func floats(_ buffer: AlignedBuffer) -> [Float] { Array(buffer.elements(of: Float.self)) }

  private func base(_ buffer: AlignedBuffer) -> UnsafeMutablePointer<Float> {
    buffer.pointer.assumingMemoryBound(to: Float.self)
  }

  @Test(arguments: WeightEncoding.allCases, [1, 7, 15, 16, 33])
  func addedProductsAreProductsThatAreAdded(encoding: WeightEncoding, rows: Int) {
    let team = ThreadTeam(threadCount: 2)
    let matmul = Matmul(team: team)
    var random = SplitMix64(seed: 81)
    let input = random.floats(rows * Self.columns)
    for outputs in [1, 16, 37, 300] {
      let matrix = Matrices.make(encoding, rows: outputs, columns: Self.columns, seed: 82, team: team)
      let codes = QuantizedActivations(capacity: rows * Self.columns)
      let before = random.floats(rows * outputs)
      let (sum, term) = (
        AlignedBuffer(byteCount: rows * outputs * 4), AlignedBuffer(byteCount: rows * outputs * 4)
      )
      _ = sum.elements(of: Float.self).update(fromContentsOf: before)
      // Rows need not lie in order.
      let places = (0..<rows).map { base(sum) + (rows - 1 - $0) * outputs }
      places.withUnsafeBufferPointer { places in
        guard let places = places.baseAddress else { return }
        matmul.multiply(input, rows: rows, by: [MatrixProduct(matrix, addingTo: places)], codes: codes)
      }
      matmul.multiply(input, rows: rows, by: [MatrixProduct(matrix, into: base(term))], codes: codes)
      let terms = floats(term)
      let reversed = (0..<rows).reversed().flatMap { terms[$0 * outputs..<($0 + 1) * outputs] }
      #expect(floats(sum) == zip(before, reversed).map { $0 + $1 })
    }
  }

  @Test(arguments: Kernels.available, [1, 7, 16, 40])
  func gatedProductsHaveTheCodesOfTheSeparateSteps(set: Kernels.InstructionSet, rows: Int) throws {
    let team = ThreadTeam(threadCount: 2)
    let matmul = Matmul(team: team, kernels: try set.kernels())
    var random = SplitMix64(seed: 83)
    let input = random.floats(rows * Self.columns, amplitude: 4)
    for inner in [32, 96, 800] {
      let gate = Matrices.make(.q4, rows: inner, columns: Self.columns, seed: 84, team: team)
      let up = Matrices.make(.q8, rows: inner, columns: Self.columns, seed: 85, team: team)
      let down = Matrices.make(.q4, rows: 20, columns: inner, seed: 86, team: team)
      #expect(matmul.takesGated(gate: gate, up: up, down: down))
      let codes = QuantizedActivations(capacity: rows * Self.columns)
      let (gates, ups) = (
        AlignedBuffer(byteCount: rows * inner * 4), AlignedBuffer(byteCount: rows * inner * 4)
      )
      matmul.multiply(
        input, rows: rows, by: [MatrixProduct(gate, into: base(gates)), MatrixProduct(up, into: base(ups))],
        codes: codes)
      let separate = QuantizedActivations(capacity: rows * inner)
      matmul.kernels.siluMultiply(
        base(gates), by: base(ups), rows: 0..<rows, count: inner, into: separate)
      let joined = QuantizedActivations(capacity: rows * inner)
      matmul.multiplyGated(codes, rows: rows, gate: gate, up: up, into: joined)
      // Equal codes, scales and sums give equal products.
      let (found, expected) = (AlignedBuffer(byteCount: rows * 80), AlignedBuffer(byteCount: rows * 80))
      matmul.multiply(joined, rows: rows, by: [MatrixProduct(down, into: base(found))])
      matmul.multiply(separate, rows: rows, by: [MatrixProduct(down, into: base(expected))])
      #expect(floats(found) == floats(expected))
      #expect(floats(found).contains { $0 != 0 })
    }
  }

  @Test func widthsThatShareAScaleWithNothingAreNotGated() {
    let team = ThreadTeam(threadCount: 1)
    func matrix(_ encoding: WeightEncoding, _ rows: Int, _ columns: Int) -> WeightMatrix {
      Matrices.make(encoding, rows: rows, columns: columns, seed: 87, team: team)
    }
    let (wide, down) = (matrix(.q4, 64, 96), matrix(.q4, 8, 64))
    let matmul = Matmul(team: team)
    #expect(matmul.takesGated(gate: wide, up: wide, down: down))
    #expect(!matmul.takesGated(gate: wide, up: matrix(.bf16, 64, 96), down: down))
    #expect(!matmul.takesGated(gate: matrix(.q4, 48, 96), up: matrix(.q4, 48, 96), down: down))
    #expect(!Matmul(team: team, precision: .f32).takesGated(gate: wide, up: wide, down: down))
  }
}
