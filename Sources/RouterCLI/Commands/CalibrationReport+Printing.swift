import RouterCalibration
import RouterEvaluation
import RouterExit

extension CalibrationReport {
  func print() {
    printWarning()
    printEstimators()
    printRows()
    printCandidates()
    printTimes()
    printGuarantee()
    if let simulation {
      Swift.print(
        "\(simulation.runs) recalibrations on resampled traces: \(simulation.broken) broke the promise "
          + "(at most \(String.fixed(simulation.tolerated, 1)) expected), \(simulation.empty) certified nothing; "
          + "mean risk \(String.fixed(simulation.meanRisk, 4)), largest \(String.fixed(simulation.largestRisk, 4))"
      )
    }
    Swift.print("wrote \(path), and pictures to \(page)")
  }

  /// Where a policy saves no time, or what loses nothing saves more, that comes first.
  private func printWarning() {
    guard let ratio = candidates.first(where: { $0.verdict == .chosen })?.race?.timeRatio else { return }
    if ratio >= 1 {
      Swift.print("This policy is slower than full depth here: asking costs more than it saves.\n")
    } else if let verifiedRatio, verifiedRatio <= ratio {
      Swift.print(
        "Lossless is the best there is here for one client: verify takes \(String.fixed(verifiedRatio, 3)) of full depth's "
          + "time, this policy \(String.fixed(ratio, 3)).\n")
    }
  }

  /// Held-out quality of what was learned.
  private func printEstimators() {
    guard !estimators.isEmpty else { return }
    var table = TextTable(
      ["estimator", "exit", "AUC", "Brier", "calibration error", "agreement", "tokens"],
      numeric: [1, 2, 3, 4, 5, 6])
    for row in estimators {
      table.add([
        row.name, "\(row.exit)", .fixed(row.auc, 3), .fixed(row.brier, 3), .fixed(row.calibrationError, 3),
        .fixed(row.agreement, 3), "\(row.tokens)",
      ])
    }
    table.printLines()
    Swift.print("")
  }

  /// The tested points of the leading candidate.
  private func printRows() {
    guard !rows.isEmpty else { return }
    var table = TextTable(
      ["decides", "mean depth", "realised risk", "bound", "tokens/s", "prompts", ""],
      numeric: [1, 2, 3, 4, 5])
    for (index, row) in rows.enumerated() {
      table.add([
        Self.text(row.rule, exits: exits.map(\.exit)), row.meanDepth.map { .fixed($0, 2) } ?? "-",
        .fixed(row.realisedRisk, 4), .fixed(row.bound, 4), row.tokensPerSecond.map { .fixed($0, 1) } ?? "-",
        "\(row.promptCount)", index == certified ? "certified" : row.passed ? "passed" : "failed",
      ])
    }
    table.printLines()
    Swift.print("")
  }

  /// Such as `21 at 0.930 behind 0.412, 30 at 0.712`.
  private static func text(_ rule: PathPlan.Rule, exits: [Int]) -> String {
    switch rule {
    case .fixed(let depth): "\(depth) layers"
    case .patience(let exits, let count): "\(count) that agree from \(exits.first ?? 0) on"
    case .thresholds(let thresholds, let gates):
      exits.indices.compactMap { index in
        thresholds[index].map { threshold in
          let gate = gates.isEmpty ? nil : gates[index]
          return "\(exits[index]) at \(String.fixed(Double(threshold), 3))"
            + (gate.map { " behind \(String.fixed(Double($0), 3))" } ?? "")
        }
      }.joined(separator: ", ")
    }
  }

  /// All candidates: trials at equal pilot risk, and what was certified.
  private func printCandidates() {
    var table = TextTable(
      [
        "candidate", "decision us", "depth", "trial loss", "model us", "measured us", "of full", "bound",
        "certified depth", "of full", "",
      ], numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9])
    for row in candidates {
      table.add([
        row.name, .fixed(row.check * 1e6, 2), row.trial.map { .fixed($0.meanDepth, 2) } ?? "-",
        row.trial.map { .fixed($0.loss, 4) } ?? "-",
        row.trial.map { .fixed($0.modelSeconds * 1e6, 0) } ?? "-",
        row.trial?.seconds.map { .fixed($0 * 1e6, 0) } ?? "-",
        row.trial?.timeRatio.map { .fixed($0, 3) } ?? "-", row.bound.map { .fixed($0, 4) } ?? "-",
        row.race.map { .fixed($0.meanDepth, 2) } ?? "-", row.race?.timeRatio.map { .fixed($0, 3) } ?? "-",
        row.verdict.rawValue,
      ])
    }
    table.printLines()
  }

  private func printTimes() {
    func micro(_ seconds: Double) -> String { "\(String.fixed(seconds * 1e6, 1)) us" }
    let full = fullTokensPerSecond.map { "; measured \(String.fixed($0, 1)) tokens/s" } ?? ""
    if let verifiedRatio {
      Swift.print(
        "verify, which loses nothing, takes \(String.fixed(verifiedRatio, 3)) of full depth's time here")
    }
    Swift.print(
      "here a layer costs \(micro(times.layer)), a head \(micro(times.head)); a token \(micro(times.full)) at "
        + "full depth, \(layers) layers\(full)")
    let asked = exits.filter(\.isKept)
    guard !exits.isEmpty else { return }
    let words = exits.map { exit in
      exit.isKept
        ? "\(exit.exit) (\(String.fixed(exit.exitShare * 100, 0)) % leave)" : "\(exit.exit) never pays"
    }
    Swift.print(
      asked.isEmpty ? "no exit pays" : "exits at the asked risk: \(words.joined(separator: ", "))")
  }

  private func printGuarantee() {
    if let guarantee = policy.guarantee {
      var line =
        "promise: expected \(guarantee.metric) at most \(guarantee.risk), wrong with probability at most \(guarantee.delta)"
      if let heldOut = guarantee.heldOutRisk, let count = guarantee.heldOutPrompts {
        line += "; \(String.fixed(heldOut, 4)) on \(count) prompts not used before"
      }
      Swift.print(line)
    } else if let risk = policy.measured?.risk {
      Swift.print(
        "no promise, a measurement: expected \(risk.metric) \(String.fixed(risk.mean, 4)), within "
          + "\(String.fixed(risk.low, 4))...\(String.fixed(risk.high, 4)) with confidence \(risk.confidence) "
          + "(\(risk.prompts) prompts)")
    } else {
      Swift.print(policy.notes ?? "Every token runs all layers.")
    }
  }
}
