import RouterEvaluation
import RouterExit

/// What `router bench --costs` tells.
struct CostReport: Encodable {
  /// The costs of one model on one number of threads.
  struct Entry: Encodable {
    let model: String
    let weights: String
    let threads: Int
    let costs: CostModel
  }

  let processor: Processor
  let entries: [Entry]

  func print() {
    Swift.print("\(processor.name), \(processor.cores) cores")
    for entry in entries { Self.print(entry) }
  }

  private static func print(_ entry: Entry) {
    let costs = entry.costs
    Swift.print("\n\(entry.model), \(entry.weights), threads \(entry.threads)")
    let hasNarrowHead = costs.narrowHeads != costs.heads
    var table = TextTable(
      ["rows", "layer us", "us per 1000 positions", "head us", "in layers", "choice us"]
        + (hasNarrowHead ? ["narrow head us", "in layers"] : []), numeric: Set(0...7))
    for (index, rows) in costs.rows.enumerated() {
      let line = costs.layers[index]
      func head(_ seconds: Double) -> [String] {
        [.fixed(seconds * 1e6, 1), .fixed(seconds / line.base, 2)]
      }
      table.add(
        ["\(rows)", .fixed(line.base * 1e6, 1), .fixed(line.perPosition * 1e9, 1)] + head(costs.heads[index])
          + [.fixed(costs.choices[index] * 1e6, 1)] + (hasNarrowHead ? head(costs.narrowHeads[index]) : []))
    }
    table.printLines()
    var decisions = TextTable(["decision", "us", "of a layer", "besides"], numeric: [1, 2])
    for estimator in ExitEstimator.parameterFree {
      let seconds = costs.decisionSeconds(estimator)
      decisions.add([
        estimator.name, .fixed(seconds * 1e6, 3),
        "\(String.fixed(costs.decisionInLayers(estimator, context: 0) * 100, 2)) %",
        estimator.reads == .logits ? "a head" : "nothing",
      ])
    }
    decisions.printLines()
  }
}
