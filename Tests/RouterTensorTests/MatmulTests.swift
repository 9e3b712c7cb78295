import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Products through the team: what they are, and what they must not depend on.
struct MatmulTests {
  private static let columns = 96

  private func input(rows: Int) -> [Float] {
    var random = SplitMix64(seed: 71)
    return random.floats(rows * Self.columns)
  }

  private func multiply(
    _ matmul: Matmul, _ input: [Float], rows: Int, by matrix: WeightMatrix, padding: Int = 0
  ) -> [Float] {
    let stride = matrix.rows + padding
    var output = [Float](repeating: -5, count: rows * stride)
    let codes = QuantizedActivations(capacity: rows * matrix.columns)
    output.withUnsafeMutableBufferPointer { output in
      guard let base = output.baseAddress else { return }
      matmul.multiply(
        input, rows: rows, by: [MatrixProduct(matrix, into: base, stride: stride)], codes: codes)
    }
    return output
  }

  /// In f32 precision, every encoding is the f64 dot product of its decoded rows, in batches of any size.
  @Test(arguments: WeightEncoding.allCases, [1, 2, 7, 8, 9, 33])
  func f32ActivationsGiveDotProductsOfDecodedRows(encoding: WeightEncoding, rows: Int) {
    let team = ThreadTeam(threadCount: 2)
    let matrix = Matrices.make(encoding, rows: 37, columns: Self.columns, seed: 72, team: team)
    let values = input(rows: rows)
    let found = multiply(Matmul(team: team, precision: .f32), values, rows: rows, by: matrix, padding: 3)
    var row = [Float](repeating: 0, count: Self.columns)
    for n in 0..<37 {
      matrix.decodeRow(n, into: &row)
      for i in 0..<rows {
        var (sum, magnitude) = (0.0, 0.0)
        for c in 0..<Self.columns {
          let product = Double(row[c]) * Double(values[i * Self.columns + c])
          sum += product
          magnitude += abs(product)
        }
        #expect(abs(Double(found[i * 40 + n]) - sum) <= magnitude * Double(Self.columns) * 0x1p-24)
      }
    }
    #expect((0..<rows).allSatisfy { i in (37..<40).allSatisfy { found[i * 40 + $0] == -5 } })
  }

  /// With 8-bit activations, the difference is theirs: half a step for each element, a step being the largest
  /// magnitude of its group over 127.
  @Test(arguments: [WeightEncoding.q8, .q4], Kernels.available)
  func int8ActivationsErrByTheirRoundingAtMost(encoding: WeightEncoding, set: Kernels.InstructionSet) throws {
    let team = ThreadTeam(threadCount: 2)
    let matrix = Matrices.make(encoding, rows: 37, columns: Self.columns, seed: 73, team: team)
    let values = input(rows: 5)
    let exact = multiply(Matmul(team: team, precision: .f32), values, rows: 5, by: matrix)
    let rounded = multiply(Matmul(team: team, kernels: try set.kernels()), values, rows: 5, by: matrix)
    var row = [Float](repeating: 0, count: Self.columns)
    for n in 0..<37 {
      matrix.decodeRow(n, into: &row)
      let magnitude = row.reduce(0) { $0 + abs($1) }
      for i in 0..<5 {
        #expect(abs(exact[i * 37 + n] - rounded[i * 37 + n]) <= magnitude * (0.5 / 127) * 1.01)
      }
    }
    let isSame = exact == rounded
    #expect(!isSame, "activations were not rounded")
  }

  @Test(arguments: ActivationPrecision.allCases, [1, 3, 8, 20])
  func severalProductsInOneForkEqualSingleOnes(precision: ActivationPrecision, rows: Int) {
    let team = ThreadTeam(threadCount: 3)
    let matmul = Matmul(team: team, precision: precision)
    let values = input(rows: rows)
    let matrices = [(WeightEncoding.q4, 40), (.q8, 16), (.bf16, 1), (.q4, 130), (.bf16, 33)].map {
      Matrices.make($0.0, rows: $0.1, columns: Self.columns, seed: UInt64($0.1), team: team)
    }
    let outputs = matrices.map { AlignedBuffer(byteCount: rows * $0.rows * 4) }
    matmul.multiply(
      values, rows: rows,
      by: zip(matrices, outputs).map {
        MatrixProduct($0, into: $1.pointer.assumingMemoryBound(to: Float.self))
      }, codes: QuantizedActivations(capacity: rows * Self.columns))
    for (matrix, output) in zip(matrices, outputs) {
      let alone = multiply(matmul, values, rows: rows, by: matrix)
      let isSame = Array(output.elements(of: Float.self)) == alone
      #expect(isSame, "\(matrix.encoding) [\(matrix.rows)]")
    }
  }

  @Test(arguments: ActivationPrecision.allCases)
  func inputsOfTheirOwnGiveWhatSeparateProductsGive(precision: ActivationPrecision) {
    let team = ThreadTeam(threadCount: 2)
    let matmul = Matmul(team: team, precision: precision)
    let inputs = (0..<3).map { index in
      var random = SplitMix64(seed: UInt64(index))
      return Block(random.floats(Self.columns))
    }
    let matrices = [WeightEncoding.q4, .q8, .bf16].map {
      Matrices.make($0, rows: 24, columns: Self.columns, seed: 75, team: team)
    }
    let outputs = matrices.map { _ in Block([Float](repeating: 0, count: 24)) }
    matmul.multiplyEach(
      inputs.indices.map {
        (
          input: UnsafePointer(inputs[$0].pointer),
          products: [MatrixProduct(matrices[$0], into: outputs[$0].pointer)]
        )
      }, rows: 1, codes: inputs.map { _ in QuantizedActivations(capacity: Self.columns) })
    for index in inputs.indices {
      let alone = multiply(matmul, inputs[index].elements, rows: 1, by: matrices[index])
      let isSame = outputs[index].elements == alone
      #expect(isSame, "\(matrices[index].encoding)")
    }
  }

  /// How a product is cut into chunks must not show in its bits.
  @Test(arguments: WeightEncoding.allCases, ActivationPrecision.allCases)
  func bitsDoNotDependOnTheNumberOfThreads(encoding: WeightEncoding, precision: ActivationPrecision) {
    let single = ThreadTeam(threadCount: 1)
    let matrix = Matrices.make(encoding, rows: 333, columns: Self.columns, seed: 76, team: single)
    for rows in [1, 5, 8, 64] {
      let values = input(rows: rows)
      let expected = multiply(Matmul(team: single, precision: precision), values, rows: rows, by: matrix)
      for threads in [2, 3, 7] {
        let matmul = Matmul(team: ThreadTeam(threadCount: threads), precision: precision)
        let found = multiply(matmul, values, rows: rows, by: matrix)
        let isSame = found == expected
        #expect(isSame, "\(threads) threads, \(rows) rows")
      }
    }
  }

  @Test func nothingToMultiplyIsNoError() {
    let team = ThreadTeam(threadCount: 2)
    let matrix = Matrices.make(.q8, rows: 16, columns: 32, seed: 77, team: team)
    var output: [Float] = [-5]
    let matmul = Matmul(team: team)
    matmul.multiply(
      [], rows: 0, by: [MatrixProduct(matrix, into: &output)], codes: QuantizedActivations(capacity: 0))
    matmul.multiply([1], rows: 1, by: [], codes: QuantizedActivations(capacity: 32))
    matmul.multiplyEach([], rows: 1, codes: [])
    #expect(output == [-5])
  }
}
