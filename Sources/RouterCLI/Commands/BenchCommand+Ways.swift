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
      let examples = try Dataset(path: path, limit: rows).examples
      let name = URL(fileURLWithPath: path).lastPathComponent
      results += try withProgress("Answering \(name)") {
        try comparison.run(examples, data: name, progress: $0)
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

  /// Verified; then for each policy approximate, with either kind of keys and values and without drafts, and verified.
  private func ways(for language: LanguageModel) throws -> [DecodingWay] {
    var ways = [DecodingWay(name: "verify", .verify())]
    for name in policy {
      let file = try PolicyLocator.standard.load(name)
      // Refused, or warned about, as the policy was calibrated; other keys and values are there to compare.
      let calibrated = try ExitPlan(file, for: language, allowMismatch: allowMismatch)
      for keyValues in KeyValueMode.allCases {
        let plan = try ExitPlan(calibrated.policy, for: language, keyValues: keyValues)
        ways.append(DecodingWay(name: "exit \(file.name), \(keyValues.rawValue)", .exit(plan)))
      }
      var alone = try ExitPlan(calibrated.policy, for: language, keyValues: .exact)
      alone.draftsAhead = false
      ways.append(DecodingWay(name: "exit \(file.name), exact, alone", .exit(alone)))
      ways.append(DecodingWay(name: "verify \(file.name)", .verify(drafts: calibrated.policy)))
    }
    return ways
  }
}
