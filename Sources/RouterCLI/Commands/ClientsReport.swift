import RouterEvaluation

/// What `router bench --clients` found.
struct ClientsReport: Encodable {
  let loads: [ClientLoadResult]
  let longPrompts: [LongPromptLoad.Result]

  private enum CodingKeys: String, CodingKey {
    case loads
    case longPrompts = "long_prompts"
  }

  func print() {
    var table = TextTable(
      [
        "clients", "target", "tokens/s", "x 1 client", "first token ms p50/p95/p99", "between ms p50/p95/p99",
        "MB",
      ],
      numeric: [0, 2, 3, 4, 5, 6])
    for load in loads {
      let alone = loads.first { $0.target == load.target && $0.clients == 1 }
      table.add([
        "\(load.clients)", load.target, BenchReport.spread(load.tokensPerSecond, 1),
        alone.map { .fixed(load.tokensPerSecond.median / $0.tokensPerSecond.median, 2) } ?? "-",
        Self.milliseconds(load.firstToken), Self.milliseconds(load.betweenTokens),
        load.residentByteCount.map { "\($0 >> 20)" } ?? "-",
      ])
    }
    table.printLines()
    guard !longPrompts.isEmpty else { return }
    var long = TextTable(
      [
        "long prompt", "target", "clients", "between ms without", "while it is read", "p95",
        "its first token s", "alone", "",
      ],
      numeric: [2, 3, 4, 5, 6, 7, 8])
    for result in longPrompts {
      long.add([
        "\(result.promptTokens)", result.target, "\(result.clients)", Self.milliseconds(result.without),
        Self.milliseconds(result.beside), "\(String.fixed(result.beside.p95 / result.without.p95, 2))x",
        .fixed(result.firstTokenBeside.median, 2), .fixed(result.firstTokenAlone.median, 2),
        "\(String.fixed(result.firstTokenBeside.median / result.firstTokenAlone.median, 2))x",
      ])
    }
    long.printLines()
  }

  private static func milliseconds(_ values: Percentiles) -> String {
    [values.p50, values.p95, values.p99].map { .fixed($0 * 1000, 1) }.joined(separator: "/")
  }
}
