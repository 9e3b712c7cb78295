import CRouterKernels
import Foundation
import RouterTensor
import Testing

/// Attention over a cache, against f64.
struct AttendKernelTests {
  @Test(arguments: Kernels.available, AttentionProblem.Element.allCases)
  func attentionIsACausalSoftmaxForAllTails(
    set: Kernels.InstructionSet, element: AttentionProblem.Element
  ) throws {
    let table = try set.kernels().table.pointee
    for width in [2, 6, 8, 16, 20, 64, 80, 134] {
      for (heads, rows, position) in [
        (1, 1, 0), (3, 1, 126), (1, 40, 3), (4, 7, 120), (9, 3, 255), (30, 1, 63),
      ] {
        // A few shapes at each width, to keep the test short.
        if width > 20 && rows > 3 && set == .scalar { continue }
        let problem = AttentionProblem(
          heads: heads, rows: rows, position: position, width: width, element: element,
          seed: UInt64(width * 1000 + position), with: table)
        let found = problem.attend(table, rows: 0..<rows)
        // Scores are within 4 sqrt(K) and carry K roundings; values are within 1.
        let bound = Double(4 * width + 64) * 0x1p-23
        let isRight = zip(found, problem.expected).allSatisfy { abs(Double($0) - $1) <= bound }
        #expect(isRight, "\(set), width \(width), \(heads) heads, \(rows) rows at \(position)")
      }
    }
  }

  /// The law that batches, threads and long contexts rest on.
  @Test(arguments: Kernels.available, AttentionProblem.Element.allCases)
  func aRowHasTheSameBitsAloneInCompanyAndFromParts(
    set: Kernels.InstructionSet, element: AttentionProblem.Element
  ) throws {
    let table = try set.kernels().table.pointee
    for (heads, rows, position, width) in [
      (3, 13, 250, 16), (1, 30, 0, 10), (8, 5, 127, 20), (2, 2, 383, 64),
    ] {
      let problem = AttentionProblem(
        heads: heads, rows: rows, position: position, width: width, element: element, seed: 41, with: table)
      let together = problem.attend(table, rows: 0..<rows)
      var alone: [Float] = []
      let size = heads * width
      for row in 0..<rows {
        alone += problem.attend(table, rows: row..<row + 1)[row * size..<row * size + size]
      }
      let isSameAlone = alone == together
      let isSameFromParts = problem.attendByParts(table) == together
      #expect(isSameAlone && isSameFromParts, "\(set), \(heads) heads, \(rows) rows at \(position)")
    }
  }

  /// Scores off by at most d change each weight by a factor of at most e^2d; values within 1 are off by half a step.
  @Test(arguments: Kernels.available)
  func codesAreCloseToWhatTheyRound(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    for (heads, rows, position, width) in [(3, 1, 126, 64), (2, 5, 200, 20), (1, 3, 0, 134)] {
      let problem = AttentionProblem(
        heads: heads, rows: rows, position: position, width: width, element: .q8, seed: 43, with: table)
      let (exact, errors) = (problem.unrounded, problem.scoreErrors)
      let distances = zip(problem.attend(table, rows: 0..<rows), exact).map { abs(Double($0) - $1) }
      for (index, distance) in distances.enumerated() {
        #expect(distance <= 1 / 254 + exp(2 * errors[index / width]) - 1 + 1e-5, "\(set), element \(index)")
      }
      #expect(distances.reduce(0, +) / Double(distances.count) < 1 / 254, "\(set), width \(width)")
    }
  }

  /// What lies beyond a row's own position, be it another row's or nobody's, must not reach it.
  @Test(arguments: Kernels.available, AttentionProblem.Element.allCases)
  func laterPositionsDoNotShow(set: Kernels.InstructionSet, element: AttentionProblem.Element) throws {
    let table = try set.kernels().table.pointee
    let problem = AttentionProblem(
      heads: 3, rows: 9, position: 123, width: 20, element: element, seed: 42, with: table)
    let before = problem.attend(table, rows: 0..<9)
    let poison = [Float](repeating: .nan, count: 20)
    for position in 128..<132 { problem.store(poison, poison, at: position, with: table) }
    let after = problem.attend(table, rows: 0..<9)
    let seen = 5 * 3 * 20
    #expect(after[..<seen] == before[..<seen])
    #expect(after[seen...].allSatisfy { $0.isNaN })
  }

  @Test(arguments: Kernels.available)
  func onePositionGivesItsValueUnchanged(set: Kernels.InstructionSet) throws {
    let table = try set.kernels().table.pointee
    let problem = AttentionProblem(
      heads: 2, rows: 1, position: 0, width: 20, element: .f32, seed: 32, with: table)
    #expect(problem.attend(table, rows: 0..<1) == problem.values[0] + problem.values[0])
  }

  /// Scores of +-30,000 would overflow an exponential that is taken before the largest is subtracted.
  @Test(arguments: Kernels.available, [2, 17, 33, 130, 257])
  func hugeScoresPickTheLargestPosition(set: Kernels.InstructionSet, count: Int) throws {
    let table = try set.kernels().table.pointee
    let problem = AttentionProblem(
      heads: 1, rows: 1, position: count - 1, width: 4, element: .f32, seed: 33, with: table)
    for column in 0..<4 { problem.queries[column] = 200 }
    for best in Set([0, 1, count / 2, count - 1]) {
      for position in 0..<count {
        let key = [Float](repeating: position == best ? 75 : -75, count: 4)
        problem.store(key, problem.values[position], at: position, with: table)
      }
      let found = problem.attend(table, rows: 0..<1)
      let isRight = zip(found, problem.values[best]).allSatisfy {
        abs($0 - $1) <= 1e-30 + abs($1) * 0x1p-23
      }
      #expect(isRight, "\(set), position \(best) of \(count)")
    }
  }

  /// Something that is no number has to show, whichever block it is in.
  @Test(arguments: Kernels.available, [0, 127, 128, 200])
  func aKeyOrValueThatIsNoNumberMakesTheOutputNaN(set: Kernels.InstructionSet, position: Int) throws {
    let table = try set.kernels().table.pointee
    for element in AttentionProblem.Element.allCases {
      for (key, value) in [(Float.nan, Float(1)), (.infinity, 1), (1, .nan)] {
        let problem = AttentionProblem(
          heads: 1, rows: 1, position: 200, width: 16, element: element, seed: 34, with: table)
        problem.store(
          [Float](repeating: key, count: 16), [Float](repeating: value, count: 16), at: position, with: table)
        let found = problem.attend(table, rows: 0..<1)
        #expect(found.allSatisfy { $0.isNaN }, "\(set), \(element), key \(key), value \(value)")
      }
    }
  }
}
