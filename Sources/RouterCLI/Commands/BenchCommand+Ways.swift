import ArgumentParser
import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit

// `router bench --modes`
extension BenchCommand {
  /// Answers the prompts of each file at full depth, verified, and under each policy.
  func runModes() throws {
    let language = try subject.modelOptions().load()
    let comparison = ModeComparison(language, ways: try ways(for: language), maximumTokens: tokens)
    var results: [ModeComparison.Result] = []
    for path in data {
      let rows = try Dataset(path: path, limit: rows).rows
      let name = URL(fileURLWithPath: path).lastPathComponent
      results += try withProgress("Answering \(name)") {
        try comparison.run(rows, data: name, progress: $0)
      }
    }
    if output.json { return try OutputOptions.printJSON(results) }
    var table = TextTable(
      ["data", "way", "tokens/s", "speedup", "by prompt", "identical", "depth", "per pass", "accepted"],
      numeric: [2, 3, 5, 6, 7, 8])
    for result in results {
      table.add([
        result.data, result.way, .fixed(result.tokensPerSecond, 1), .fixed(result.speedup, 2),
        BenchReport.spread(result.speedups, 2), "\(result.identical)/\(result.prompts)",
        .fixed(result.meanDepth, 2), result.tokensPerPass.map { .fixed($0, 2) } ?? "-",
        result.acceptance.map { "\(String.fixed($0 * 100, 0)) %" } ?? "-",
      ])
    }
    table.printLines()
  }

  /// Verified; then for each policy approximate, with either kind of keys and values and without guesses, and verified.
  private func ways(for language: LanguageModel) throws -> [DecodingWay] {
    var ways = [DecodingWay(name: "verify", mode: .verify)]
    for name in policy {
      let file = try PolicyLocator.standard.load(name)
      try PolicyGate.check(file, for: language, allowMismatch: allowMismatch)
      let policy = file.makePolicy()
      for keyValues in KeyValueMode.allCases {
        ways.append(
          DecodingWay(
            name: "exit \(file.name), \(keyValues.rawValue)", mode: .exit, policy: policy,
            keyValues: keyValues))
      }
      ways.append(
        DecodingWay(
          name: "exit \(file.name), exact, alone", mode: .exit, policy: policy, keyValues: .exact,
          guesses: false))
      ways.append(DecodingWay(name: "verify \(file.name)", mode: .verify, policy: policy))
    }
    return ways
  }
}
