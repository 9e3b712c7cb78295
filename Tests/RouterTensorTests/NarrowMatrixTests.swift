import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Products through a few dimensions.
struct NarrowMatrixTests {
  private static let (rows, columns, rank) = (16 * 13 + 5, 96, 32)

  /// A matrix with a narrow form of random dimensions.
  private struct Problem {
    let matrix: WeightMatrix
    let narrow: NarrowMatrix
    let matmul: Matmul
    let weight: [Float]
    let bias: [Float]
    let projection: [Float]
    let centre: [Float]

    init(threads: Int, leadingBlocks: Int, kernels: Kernels = .best) {
      var random = SplitMix64(seed: 11)
      let (rows, columns, rank) = (NarrowMatrixTests.rows, NarrowMatrixTests.columns, NarrowMatrixTests.rank)
      matmul = Matmul(team: ThreadTeam(threadCount: threads), kernels: kernels)
      matrix = WeightMatrix(
        EncodedMatrix(random.floats(rows * columns, amplitude: 1), as: .q8, rows: rows, columns: columns))
      weight = random.floats(rows * rank, amplitude: 1)
      bias = random.floats(rows, amplitude: 1)
      projection = random.floats(rank * columns, amplitude: 0.2)
      centre = random.floats(rank, amplitude: 0.5)
      narrow = NarrowMatrix(
        projection: AlignedBuffer(holding: projection), centre: AlignedBuffer(holding: centre),
        weight: WeightMatrix(EncodedMatrix(weight, as: .q8, rows: rows, columns: rank)),
        bias: AlignedBuffer(holding: bias), matrix: RowMatrix(copying: matrix, matmul: matmul),
        leadingBlocks: leadingBlocks)
    }

    func products(_ inputs: [Float]) -> [Float] {
      let count = inputs.count / NarrowMatrixTests.columns
      var output = [Float](repeating: .nan, count: count * NarrowMatrixTests.rows)
      let scratch = NarrowScratch(for: narrow)
      matmul.multiply(inputs, rows: count, by: narrow, scratch: scratch, into: &output)
      return output
    }

    /// The sum of products, on top of a start.
    private static func dot(_ a: ArraySlice<Float>, _ b: [Double], from start: Double = 0) -> Double {
      var sum = start
      for (x, y) in zip(a, b) { sum += Double(x) * y }
      return sum
    }

    /// x W^T in f64.
    func exact(_ input: ArraySlice<Float>) -> [Double] {
      let input = input.map(Double.init)
      var row = [Float](repeating: 0, count: NarrowMatrixTests.columns)
      return (0..<NarrowMatrixTests.rows).map { index in
        matrix.decodeRow(index, into: &row)
        return Self.dot(row[...], input)
      }
    }

    /// W m + S (P x - P m) in f64.
    func about(_ input: ArraySlice<Float>) -> [Double] {
      let (rank, columns) = (NarrowMatrixTests.rank, NarrowMatrixTests.columns)
      let input = input.map(Double.init)
      let projected = (0..<rank).map { i in
        Self.dot(projection[i * columns..<(i + 1) * columns], input, from: -Double(centre[i]))
      }
      return (0..<NarrowMatrixTests.rows).map { row in
        Self.dot(weight[row * rank..<(row + 1) * rank], projected, from: Double(bias[row]))
      }
    }
  }

  private static func inputs(_ count: Int) -> [Float] {
    var random = SplitMix64(seed: 12)
    return random.floats(count * columns, amplitude: 1)
  }

  /// Rows in blocks that look largest have the whole product, and all others what the dimensions say.
  @Test(arguments: Kernels.available)
  func whatLooksLargestIsComputedInAllDimensions(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    let problem = Problem(threads: 2, leadingBlocks: 3, kernels: kernels)
    let inputs = Self.inputs(3)
    let found = problem.products(inputs)
    for place in 0..<3 {
      let input = inputs[place * Self.columns..<(place + 1) * Self.columns]
      let (exact, about) = (problem.exact(input), problem.about(input))
      let tops = stride(from: 0, to: Self.rows, by: 16).map { about[$0..<min($0 + 16, Self.rows)].max() ?? 0 }
      let limit = tops.sorted(by: >)[2]
      var (whole, near) = (0, 0)
      for row in 0..<Self.rows {
        let value = Double(found[place * Self.rows + row])
        // Codes of 8 bits round both.
        if about[row] > limit + 0.3 {
          whole += 1
          #expect(abs(value - exact[row]) < 0.6, "input \(place), row \(row)")
        } else if about[row] < limit - 0.6 {
          near += 1
          #expect(abs(value - about[row]) < 0.6, "input \(place), row \(row)")
        }
      }
      #expect(whole >= 1 && near > Self.rows / 2)
    }
  }

  /// With all blocks leading it is the whole product.
  @Test func allRowsMayLead() {
    let problem = Problem(threads: 1, leadingBlocks: 99)
    let input = Self.inputs(1)
    for (found, exact) in zip(problem.products(input), problem.exact(input[...])) {
      #expect(abs(Double(found) - exact) < 0.6)
    }
  }

  /// What comes out of an input depends neither on its neighbours nor on the number of threads.
  @Test(arguments: [1, 2, 3])
  func neighboursChangeNothing(threads: Int) {
    let problem = Problem(threads: threads, leadingBlocks: 4)
    let alone = Problem(threads: 1, leadingBlocks: 4)
    let inputs = Self.inputs(NarrowScratch.inputLimit)
    let together = problem.products(inputs)
    for place in 0..<NarrowScratch.inputLimit {
      let one = alone.products(Array(inputs[place * Self.columns..<(place + 1) * Self.columns]))
      #expect(one == Array(together[place * Self.rows..<(place + 1) * Self.rows]), "input \(place)")
    }
  }

  /// What is no number stays none, and everything equal leads as one.
  @Test func strangeInputsComeThrough() {
    let problem = Problem(threads: 2, leadingBlocks: 2)
    var input = Self.inputs(1)
    input[7] = .nan
    #expect(problem.products(input).allSatisfy { !$0.isFinite })
    let nothing = problem.products([Float](repeating: 0, count: Self.columns))
    #expect(nothing.allSatisfy { $0.isFinite })
  }
}
