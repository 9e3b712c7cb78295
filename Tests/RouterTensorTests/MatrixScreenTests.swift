import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// The law of screens: no product exceeds its bound, and the largest product is found, bit for bit.
struct MatrixScreenTests {
  /// Everything that one screened product needs.
  private final class Setup {
    let matrix: WeightMatrix
    let matmul: Matmul
    let screen: MatrixScreen
    private let codes: QuantizedActivations
    private let scratch: ScreenScratch
    private var products: [Float]

    init(_ matrix: WeightMatrix, matmul: Matmul, directions: [Float] = []) throws {
      self.matrix = matrix
      self.matmul = matmul
      screen = try #require(MatrixScreen(matrix, directions: directions, matmul: matmul))
      codes = QuantizedActivations(capacity: ScreenScratch.inputLimit * matrix.columns)
      scratch = ScreenScratch(for: screen)
      products = .init(repeating: 0, count: matrix.rows)
    }

    /// All products, as the whole matrix gives them.
    func exact(_ input: [Float]) -> [Float] {
      products.withUnsafeMutableBufferPointer { output in
        if let base = output.baseAddress {
          matmul.multiply(input, rows: 1, by: [MatrixProduct(matrix, into: base)], codes: codes)
        }
      }
      return products
    }

    func maximum(_ input: [Float]) -> ScreenedMaximum? {
      maxima([input])[0]
    }

    /// Maxima of inputs that are scored together.
    func maxima(_ inputs: [[Float]]) -> [ScreenedMaximum?] {
      let all = inputs.flatMap(\.self)
      matmul.score(all, rows: inputs.count, by: screen, codes: codes, scratch: scratch)
      return matmul.maxima(
        of: all, scored: Array(inputs.indices), by: screen, codes: codes, scratch: scratch)
    }

    /// Whether the screened maximum is the first of the largest products; nil if there was none.
    func isRight(_ input: [Float]) -> Bool? {
      let exact = exact(input)
      guard let found = maximum(input) else { return nil }
      let best = exact.max() ?? 0
      return found.row == exact.firstIndex(of: best) && found.value == best
    }

    /// Whether all wanted entries are there, and every entry is exact or left out; nil if there were none.
    func isRight(_ wanted: LeadingEntries, _ input: [Float]) -> Bool? {
      let exact = exact(input)
      var output = [Float](repeating: .nan, count: exact.count)
      matmul.score(input, rows: 1, by: screen, codes: codes, scratch: scratch)
      let blocks = matmul.leading(
        wanted, of: input, scored: 0, by: screen, codes: codes, scratch: scratch, into: &output)
      guard let blocks else { return nil }
      let end = exact.sorted(by: >)[wanted.count - 1] - wanted.distance
      let kept = output.indices.filter { output[$0] != Matmul.unwanted }
      return exact.indices.allSatisfy { exact[$0] < end || output[$0] == exact[$0] }
        && kept.allSatisfy { output[$0] == exact[$0] } && kept.count <= blocks * 16
        && blocks * 3 <= exact.count / 16
    }

    /// How many rows break their bounds, of the row and of its block.
    func violations(_ input: [Float]) -> Int {
      let exact = exact(input)
      matmul.score(input, rows: 1, by: screen, codes: codes, scratch: scratch)
      guard let reach = scratch.reaches[0] else { return 0 }
      let coded = Array(UnsafeBufferPointer(start: scratch.input, count: matrix.columns))
      var row = [Float](repeating: 0, count: matrix.columns)
      // A row is enough of each block to compare with its own bound, after the first.
      return exact.indices.filter { $0 < 16 || $0 % 5 == 0 }.count { index in
        screen.decodeRow(index, into: &row)
        var score = 0.0
        for c in 0..<row.count { score += Double(row[c]) * Double(coded[c]) }
        let norms = rk_screen_norms(
          screen.blocks.pointer.assumingMemoryBound(to: UInt8.self), index, matrix.columns)
        let bound =
          Double(norms.inside) * Double(reach.factors.inside) + Double(norms.outside)
          * Double(reach.factors.outside)
        let product = Double(exact[index])
        return abs(product - reach.shift - score) > bound + reach.slack
          || product > Double(scratch.ceilings[index / 16]) + reach.shift + reach.slack
      }
    }
  }

  private static func q8(_ source: [Float], columns: Int, team: ThreadTeam) -> WeightMatrix {
    WeightMatrix(
      EncodedMatrix(source, as: .q8, rows: source.count / columns, columns: columns), team: team)
  }

  /// Inputs of many kinds: random, along a row, along a direction, sparse, of very different sizes.
  private static func input(_ kind: Int, like row: [Float], _ random: inout SplitMix64) -> [Float] {
    let noise = random.floats(row.count)
    switch kind % 6 {
    case 0: return noise
    case 1: return zip(row, noise).map { 3 * $0 + 0.2 * $1 }
    case 2: return noise.indices.map { $0 == kind % row.count ? 40 : noise[$0] * 0.01 }
    case 3: return noise.map { $0 * 1e9 }
    case 4: return noise.map { $0 * 1e-9 }
    default: return zip(row, noise).map { -$0 + 0.05 * $1 }
    }
  }

  /// Encodings of which a screen can be made.
  private static let encodings: [WeightEncoding] = [.f32, .bf16, .q8]

  private static let shapes: [(rows: Int, columns: Int)] = [(1, 32), (37, 64), (200, 96), (515, 160)]

  @Test(arguments: Kernels.available, encodings)
  func everyProductIsWithinItsBound(set: Kernels.InstructionSet, encoding: WeightEncoding) throws {
    var random = SplitMix64(seed: 31)
    let matmul = Matmul(team: ThreadTeam(threadCount: 1), kernels: try set.kernels())
    for shape in Self.shapes {
      let matrix = Matrices.make(
        encoding, rows: shape.rows, columns: shape.columns, seed: 32, team: matmul.team)
      let samples = random.floats(20 * shape.columns)
      for count in shape.rows > 100 ? [3] : [0, 1, 5] {
        let directions = PrincipalDirections.leading(count, of: samples, width: shape.columns)
        let setup = try Setup(matrix, matmul: matmul, directions: directions)
        var row = [Float](repeating: 0, count: shape.columns)
        var broken = 0
        for kind in 0..<12 {
          matrix.decodeRow(kind % shape.rows, into: &row)
          // The directions themselves are where the inside matters most.
          let input =
            kind < 2 && count > 0 ? Array(directions[..<shape.columns]) : Self.input(kind, like: row, &random)
          broken += setup.violations(input)
        }
        #expect(broken == 0, "\(set) \(encoding) [\(shape.rows), \(shape.columns)] \(count)")
      }
    }
  }

  /// Inputs with long parts in common, as hidden states have them; 3,600 in all.
  @Test(arguments: Kernels.available, [1, 2])
  func theLargestProductIsFound(set: Kernels.InstructionSet, threads: Int) throws {
    var random = SplitMix64(seed: 41)
    let matmul = Matmul(team: ThreadTeam(threadCount: threads), kernels: try set.kernels())
    for shape in Self.shapes {
      let shared = random.floats(shape.columns, amplitude: 4)
      let matrix = Matrices.make(
        .q8, rows: shape.rows, columns: shape.columns, seed: 42, team: matmul.team)
      let directions = PrincipalDirections.leading(1, of: shared, width: shape.columns)
      let setup = try Setup(matrix, matmul: matmul, directions: directions)
      var row = [Float](repeating: 0, count: shape.columns)
      var (right, wrong) = (0, 0)
      for kind in 0..<(shape.rows > 200 ? 60 : 180) {
        matrix.decodeRow(kind % shape.rows, into: &row)
        var input = Self.input(kind, like: row, &random)
        if kind % 2 == 0 { for i in input.indices { input[i] += shared[i] } }
        if setup.isRight(input) == true { right += 1 } else { wrong += 1 }
      }
      #expect(wrong == 0 && right >= 60, "\(set) [\(shape.rows), \(shape.columns)]")
    }
  }

  @Test(arguments: encodings, ActivationPrecision.allCases)
  func theLargestProductIsFoundInEveryEncoding(
    encoding: WeightEncoding, precision: ActivationPrecision
  ) throws {
    var random = SplitMix64(seed: 51)
    let matmul = Matmul(team: ThreadTeam(threadCount: 2), precision: precision)
    let matrix = Matrices.make(encoding, rows: 301, columns: 64, seed: 52, team: matmul.team)
    let setup = try Setup(matrix, matmul: matmul)
    var row = [Float](repeating: 0, count: 64)
    for kind in 0..<90 {
      matrix.decodeRow(kind, into: &row)
      #expect(setup.isRight(Self.input(kind, like: row, &random)) == true, "\(encoding) \(kind)")
    }
  }

  /// Rows that are equal, or differ by one step of one code: the lowest row wins, as it does in the whole.
  @Test func tiesAndNearTiesGoAsInTheWholeProduct() throws {
    var random = SplitMix64(seed: 61)
    let (rows, columns) = (400, 96)
    let base = random.floats(columns)
    var source: [Float] = []
    for row in 0..<rows {
      var copy = base
      // Every third row is the base itself; the others have one weight moved by about a code's step.
      if row % 3 != 1 { copy[row % columns] += (row % 2 == 0 ? 1 : -1) * 0x1p-7 }
      source += copy
    }
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let setup = try Setup(Self.q8(source, columns: columns, team: matmul.team), matmul: matmul)
    for kind in 0..<120 {
      #expect(setup.isRight(Self.input(kind, like: base, &random)) == true)
    }
    #expect(setup.maximum(base.map { -$0 }) != nil)
  }

  /// Inputs that share one read of the screen have what they have alone, whatever the others are.
  @Test(arguments: Kernels.available, [1, 2])
  func inputsThatAreScoredTogetherDoNotMeet(set: Kernels.InstructionSet, threads: Int) throws {
    var random = SplitMix64(seed: 71)
    let columns = 96
    let matmul = Matmul(team: ThreadTeam(threadCount: threads), kernels: try set.kernels())
    let matrix = Matrices.make(.q8, rows: 333, columns: columns, seed: 72, team: matmul.team)
    let setup = try Setup(matrix, matmul: matmul, directions: [])
    var row = [Float](repeating: 0, count: columns)
    for count in 1...ScreenScratch.inputLimit {
      var inputs = (0..<count).map { kind in
        matrix.decodeRow(kind * 19, into: &row)
        return Self.input(kind, like: row, &random)
      }
      inputs[count / 2][5] = .nan
      let together = setup.maxima(inputs)
      #expect(together == inputs.map { setup.maximum($0) }, "\(set) \(count)")
      #expect(together.count { $0 == nil } == 1)
    }
  }

  /// All products of a zero matrix are equal: row 0.
  @Test func aZeroMatrixGivesItsFirstRow() throws {
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let zeros = [Float](repeating: 0, count: 70 * 32)
    let setup = try Setup(Self.q8(zeros, columns: 32, team: matmul.team), matmul: matmul)
    let ones = [Float](repeating: 1, count: 32)
    #expect(setup.maximum(ones)?.row == 0)
    #expect(setup.maximum(ones)?.value == 0)
  }

  /// What f32 cannot bound is left to the whole product.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38])
  func extremeInputsHaveNoScreenedMaximum(value: Float) throws {
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let matrix = Matrices.make(.q8, rows: 50, columns: 32, seed: 2, team: matmul.team)
    let setup = try Setup(matrix, matmul: matmul)
    var input = [Float](repeating: 0.5, count: 32)
    input[7] = value
    #expect(setup.maximum(input) == nil)
    #expect(setup.maximum([Float](repeating: 0, count: 32)) == nil)
    #expect(setup.maximum([Float](repeating: 1e-30, count: 32)) == nil)
  }

  /// A weight that is no number, or too large to square, leaves the matrix without a screen.
  @Test(arguments: [Float.nan, .infinity, 1e30])
  func weightsWithoutABoundHaveNoScreen(value: Float) {
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let buffer = AlignedBuffer(byteCount: 40 * 32 * 4)
    buffer.elements(of: Float.self)[32 * 21 + 5] = value
    #expect(
      MatrixScreen(WeightMatrix(EncodedMatrix(.f32, elements: buffer, rows: 40, columns: 32)), matmul: matmul)
        == nil)
  }

  /// The first few of a product, or those near the largest: complete and exact, as long as they are few.
  @Test(arguments: Kernels.available, [1, 2])
  func theLeadingEntriesAreFound(set: Kernels.InstructionSet, threads: Int) throws {
    var random = SplitMix64(seed: 91)
    let matmul = Matmul(team: ThreadTeam(threadCount: threads), kernels: try set.kernels())
    let matrix = Matrices.make(.q8, rows: 1024, columns: 96, seed: 92, team: matmul.team)
    let setup = try Setup(matrix, matmul: matmul)
    var row = [Float](repeating: 0, count: 96)
    var (right, wrong) = (0, 0)
    for kind in 0..<24 {
      matrix.decodeRow(kind * 40, into: &row)
      // Along a row, so that a few products stand out.
      let input = Self.input(kind % 2 == 0 ? 1 : 2, like: row, &random)
      let size = input.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (count, share) in [(1, 0), (1, 0.5), (5, 0.01), (3, 0)] as [(Int, Float)] {
        let wanted = try #require(LeadingEntries(count: count, distance: share * size))
        switch setup.isRight(wanted, input) {
        case true: right += 1
        case false: wrong += 1
        case nil: break
        }
      }
    }
    #expect(wrong == 0 && right >= 24, "\(right) right, \(wrong) wrong")
    // More than a third of the blocks is no gain.
    let most = try #require(LeadingEntries(count: 40, distance: 0))
    #expect(setup.isRight(most, row) == nil)
    let all = try #require(LeadingEntries(count: 1, distance: 1e9))
    #expect(setup.isRight(all, row) == nil)
    #expect(setup.isRight(most, [Float](repeating: .nan, count: 96)) == nil)
  }

  @Test func leadingEntriesAreAPositiveNumberWithinADistance() {
    #expect(LeadingEntries(count: 0, distance: 0) == nil)
    #expect(LeadingEntries(count: LeadingEntries.maximumCount + 1, distance: 0) == nil)
    #expect(LeadingEntries(count: 1, distance: -1) == nil)
    #expect(LeadingEntries(count: 1, distance: .nan) == nil)
    #expect(LeadingEntries(count: 1, distance: .infinity) == nil)
  }

  /// 4 bits are what a screen has itself.
  @Test func aMatrixOfFourBitsHasNoScreen() {
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let matrix = Matrices.make(.q4, rows: 40, columns: 32, seed: 3, team: matmul.team)
    let screen = MatrixScreen(matrix, matmul: matmul)
    #expect(screen == nil)
  }

  /// The point of it all: an input near one of many rows needs few of them exactly.
  @Test func aClearWinnerNeedsFewExactRows() throws {
    var random = SplitMix64(seed: 81)
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let matrix = Matrices.make(.q8, rows: 4096, columns: 128, seed: 82, team: matmul.team)
    let setup = try Setup(matrix, matmul: matmul)
    var row = [Float](repeating: 0, count: 128)
    var rescored = 0
    for index in 0..<20 {
      matrix.decodeRow(index * 200, into: &row)
      let input = zip(row, random.floats(128)).map { $0 + $1 }
      #expect(setup.isRight(input) == true)
      rescored += setup.maximum(input)?.rescoredBlocks ?? 256
    }
    // 256 blocks each; the winner's product is about nine standard deviations of the others', the bounds two wide.
    #expect(rescored <= 20 * 4, "\(rescored) blocks")
    #expect(setup.screen.byteCount < matrix.byteCount * 3 / 5)
  }
}
