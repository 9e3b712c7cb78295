import RouterCalibration
import RouterEvaluation
import RouterExit

/// What `router calibrate` tells about its work.
struct CalibrationReport: Encodable {
  let path: String
  let trace: String
  let exits: [Int]
  let rows: [CalibrationRow]
  /// 0-based row that was certified.
  let certified: Int?
  let layers: Int
  let fullTokensPerSecond: Double?
  let policy: PolicyFile

  init(_ outcome: CalibrationRun.Outcome, path: String, trace: String, layers: Int) {
    self.path = path
    self.trace = trace
    self.layers = layers
    exits = outcome.plan.exits
    rows = outcome.rows
    certified = outcome.certified
    fullTokensPerSecond = outcome.fullTokensPerSecond
    policy = outcome.policy
  }

  func print() {
    var table = TextTable(
      ["threshold", "mean depth", "realised risk", "bound", "tokens/s", "prompts", ""],
      numeric: [0, 1, 2, 3, 4, 5])
    for (index, row) in rows.enumerated() {
      table.add([
        .fixed(Double(row.threshold), 6), row.meanDepth.map { .fixed($0, 2) } ?? "-",
        .fixed(row.realisedRisk, 4),
        .fixed(row.bound, 4), row.tokensPerSecond.map { .fixed($0, 1) } ?? "-", "\(row.promptCount)",
        index == certified ? "certified" : row.passed ? "passed" : "failed",
      ])
    }
    table.printLines()
    let full = fullTokensPerSecond.map { "\(String.fixed($0, 1)) tokens/s" } ?? "unmeasured speed"
    Swift.print(
      "full depth: \(layers) layers, \(full); exits asked: \(exits.map(String.init).joined(separator: " "))")
    if let guarantee = policy.guarantee {
      var line =
        "promise: expected \(guarantee.metric) at most \(guarantee.risk), wrong with probability at most \(guarantee.delta)"
      if let heldOut = guarantee.heldOutRisk, let count = guarantee.heldOutPrompts {
        line += "; \(String.fixed(heldOut, 4)) on \(count) prompts not used before"
      }
      Swift.print(line)
    } else {
      Swift.print(
        "No threshold kept the promise, so the policy runs all layers. Tune the model, or allow more risk.")
    }
    if let certified, let speed = rows[certified].tokensPerSecond, let full = fullTokensPerSecond,
      speed < full
    {
      Swift.print(
        "This policy is slower than full depth here: asking an exit costs more than it saves. Exits pay on a tuned model."
      )
    }
    Swift.print("wrote \(path)")
  }
}
