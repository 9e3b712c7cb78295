import CRouterKernels
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// The rows whose approximate products look largest.
struct LeadingRowsKernelTests {
  private static let counts = [1, 15, 16, 17, 160, 1000]

  /// Sums, and the largest of each block of 16.
  @Test(arguments: Kernels.available)
  func topsAreTheLargestOfTheirBlocks(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    var random = SplitMix64(seed: 3)
    for count in Self.counts {
      var sums = random.floats(count, amplitude: 4)
      let terms = random.floats(count, amplitude: 4)
      let expected = zip(sums, terms).map { $0 + $1 }
      var tops = [Float](repeating: .nan, count: (count + 15) / 16)
      kernels.table.pointee.add_tops(&sums, terms, count, &tops)
      #expect(sums == expected)
      for (block, top) in tops.enumerated() {
        #expect(top == expected[block * 16..<min(count, block * 16 + 16)].max(), "block \(block) of \(count)")
      }
    }
  }

  /// What `leading_rows` finds.
  private static func leading(
    _ values: [Float], wanted: Int, kernels: Kernels
  ) -> [UInt32] {
    let tops = stride(from: 0, to: values.count, by: 16).map { start in
      // A NaN is kept, wherever it is.
      values[start..<min(values.count, start + 16)].reduce(-Float.infinity) {
        $0.isNaN || $1.isNaN ? .nan : max($0, $1)
      }
    }
    var rows = [UInt32](repeating: .max, count: values.count)
    let found = kernels.table.pointee.leading_rows(values, values.count, tops, wanted, &rows)
    #expect(rows[found...].allSatisfy { $0 == .max || Int($0) < values.count }, "nothing is written beyond")
    return Array(rows[..<found])
  }

  /// All rows from some number on, which the tops of as many blocks reach as are wanted and hardly more.
  @Test(arguments: Kernels.available)
  func leadingRowsReachTheTopsOfTheWantedBlocks(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    var random = SplitMix64(seed: 4)
    for count in Self.counts {
      let values = random.floats(count, amplitude: 10)
      let blocks = (count + 15) / 16
      for wanted in [1, 2, blocks / 3, blocks - 1] where (1..<blocks).contains(wanted) {
        let rows = Self.leading(values, wanted: wanted, kernels: kernels)
        let found = Set(rows.map(Int.init))
        #expect(rows == rows.sorted() && found.count == rows.count)
        let least = try #require(found.map { values[$0] }.min())
        #expect(
          values.indices.allSatisfy { found.contains($0) || values[$0] < least }, "no larger row is left out")
        let reaching = Set(found.map { $0 / 16 }).count
        #expect(reaching >= wanted && reaching <= wanted + 1, "\(reaching) blocks for \(wanted) of \(blocks)")
      }
    }
  }

  /// Where all blocks are wanted, or one has no finite largest, or all are equal, nothing is left out.
  @Test(arguments: Kernels.available)
  func allRowsLeadWhereNoneCanBeToldApart(set: Kernels.InstructionSet) throws {
    let kernels = try set.kernels()
    var random = SplitMix64(seed: 5)
    let all = (0..<UInt32(100)).map { $0 }
    var values = random.floats(100, amplitude: 1)
    #expect(Self.leading(values, wanted: 7, kernels: kernels) == all)
    #expect(Self.leading([Float](repeating: 2, count: 100), wanted: 3, kernels: kernels) == all)
    for odd in [Float.nan, .infinity] {
      values[37] = odd
      #expect(Self.leading(values, wanted: 2, kernels: kernels) == all, "\(odd)")
    }
  }
}
