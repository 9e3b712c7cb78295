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
  let times: Times
  let policy: PolicyFile

  /// What tokens cost by the machine's cost model, in seconds, after the mean number of positions.
  struct Times: Encodable {
    let context: Double
    let layer: Double
    let head: Double
    /// One decision, the head not included.
    let check: Double
    /// A token at full depth.
    let full: Double
    /// A token under the certified point, as deep as the tokens went; nil if none was certified.
    let certified: Double?
    let exits: [Exit]

    /// What an exit is worth.
    struct Exit: Encodable {
      let exit: Int
      let isAsked: Bool
      /// Seconds saved per token by asking at this exit beside the others; negative if asking costs more.
      let saved: Double
    }

    init(_ outcome: CalibrationRun.Outcome, layers: Int, estimator: ExitEstimator) {
      let costs = outcome.costs
      context = outcome.context
      layer = costs.seconds(layers: 1, rows: 1, context: context)
      head = costs.headSeconds()
      check = costs.checkSeconds(estimator)
      full = Double(layers) * layer + head
      let layer = layer
      certified = outcome.certified.flatMap { outcome.seconds[$0] }
      exits = outcome.plan.payoffs.map {
        Exit(exit: $0.exit, isAsked: $0.isKept, saved: $0.savedLayers * layer)
      }
    }
  }

  init(_ outcome: CalibrationRun.Outcome, path: String, trace: String, layers: Int, estimator: ExitEstimator)
  {
    self.path = path
    self.trace = trace
    self.layers = layers
    exits = outcome.plan.exits
    rows = outcome.rows
    certified = outcome.certified
    fullTokensPerSecond = outcome.fullTokensPerSecond
    times = Times(outcome, layers: layers, estimator: estimator)
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
    printTimes()
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

  private func printTimes() {
    func micro(_ seconds: Double) -> String { "\(String.fixed(seconds * 1e6, 1)) us" }
    var line =
      "here a layer costs \(micro(times.layer)), a head \(micro(times.head)), a decision \(micro(times.check)); "
      + "a token \(micro(times.full)) at full depth"
    if let certified = times.certified { line += ", \(micro(certified)) under this policy" }
    Swift.print(line)
    for exit in times.exits where !exit.isAsked || exit.saved < 0 {
      let worth =
        exit.saved < 0 ? "costs \(micro(-exit.saved)) a token more" : "saves \(micro(exit.saved)) a token"
      Swift.print(
        "exit \(exit.exit) \(exit.isAsked ? "is asked although it" : "is not asked, as it") \(worth)")
    }
  }
}
