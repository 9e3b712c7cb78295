import RouterTraining

extension TuningOutcome {
  /// Prints for people.
  func print() {
    if let before, let after {
      var table = TextTable(
        ["exit", "agreement", "with adapter", "cross-entropy", "with adapter"], numeric: [0, 1, 2, 3, 4])
      for (index, exit) in after.exits.enumerated() {
        table.add([
          "\(exit)", "\(String.fixed(before.agreement[index] * 100, 1)) %",
          "\(String.fixed(after.agreement[index] * 100, 1)) %", .fixed(before.crossEntropy[index], 3),
          .fixed(after.crossEntropy[index], 3),
        ])
      }
      table.printLines()
      Swift.print(
        "\(after.positions) held-out tokens; oracle depth \(String.fixed(before.oracleDepth, 2)), with adapters "
          + String.fixed(after.oracleDepth, 2))
    }
    if !losses.isEmpty {
      let shown = losses.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }
        .map { "\($0.key): \(String.fixed(Double($0.value), 3))" }
      Swift.print("\(steps) steps, last losses \(shown.joined(separator: " "))")
    }
    Swift.print("metrics in \(metrics)\(curve.map { ", loss curve in \($0)" } ?? "")")
    if let path {
      Swift.print("wrote \(path)")
    } else {
      Swift.print("stopped; the same command with --resume goes on")
    }
  }
}
