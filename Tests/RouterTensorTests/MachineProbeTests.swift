import RouterTensor
import Testing

struct MachineProbeTests {
  @Test(arguments: Kernels.InstructionSet.allCases, [1, 3])
  func probesCountWhatTheyDo(_ instructionSet: Kernels.InstructionSet, _ threads: Int) throws {
    guard let kernels = Kernels(instructionSet) else { return }
    let probe = MachineProbe(team: ThreadTeam(threadCount: threads), kernels: kernels)
    // Three bytes become one chunk of 2 MiB.
    let buffer = probe.makeBuffer(byteCount: 3)
    #expect(buffer.byteCount == 2 << 20)
    #expect(buffer.bytes.allSatisfy { $0 != 0 })
    for pattern in MachineProbe.Pattern.allCases { #expect(probe.read(buffer, pattern) == 2 << 20) }
    // Twelve chains of at least one multiplication and addition in each round.
    for arithmetic in MachineProbe.Arithmetic.allCases {
      #expect(probe.compute(arithmetic) >= threads * 12 * 2)
    }
  }
}

struct RandomWeightTests {
  /// Variance 1 / K and mean 0, over 96 x 512 weights: the mean's standard error is 0.2 of a code.
  @Test(arguments: [WeightEncoding.q4, .q8])
  func weightsHaveTheStatedMoments(_ encoding: WeightEncoding) {
    let (rows, columns) = (96, 512)
    let matrix = WeightMatrix.random(
      rows: rows, columns: columns, encoding: encoding, seed: 7, team: ThreadTeam(threadCount: 2))
    var row = [Float](repeating: 0, count: columns)
    var (sum, squares) = (0.0, 0.0)
    for index in 0..<rows {
      row.withUnsafeMutableBufferPointer { matrix.decodeRow(index, into: $0.baseAddress!) }
      for value in row {
        sum += Double(value)
        squares += Double(value) * Double(value)
      }
    }
    let count = Double(rows * columns)
    let deviation = (1 / Double(columns)).squareRoot()
    #expect(abs(sum / count) < 0.03 * deviation)
    #expect(abs(squares / count * Double(columns) - 1) < 0.03)
  }

  @Test(arguments: [WeightEncoding.q4, .q8])
  func rowsDiffer(_ encoding: WeightEncoding) {
    let matrix = WeightMatrix.random(
      rows: 33, columns: 64, encoding: encoding, seed: 1, team: ThreadTeam(threadCount: 1))
    let rows = (0..<33).map { index in
      [Float](unsafeUninitializedCapacity: 64) { buffer, count in
        matrix.decodeRow(index, into: buffer.baseAddress!)
        count = 64
      }
    }
    #expect(Set(rows).count == 33)
  }
}
