import RouterExit

/// What the parts of a token cost on one machine, in seconds, as measured there.
package struct CostModel: Sendable, Equatable {
  /// Numbers of rows that were measured, ascending from 1.
  package let rows: [Int]
  /// One layer, for each number of rows.
  package let layers: [CostLine]
  /// One head, for each number of rows.
  package let heads: [Double]
  /// The narrow head, for each number of rows; a head's where there is none.
  package let narrowHeads: [Double]
  /// Finding the most probable tokens, for each number of rows: less than a head where the head is screened.
  package let choices: [Double]
  /// One decision at an exit by the estimator of this name, the head not included.
  package let decisionSeconds: [String: Double]
  /// What a layer that a token skipped costs all the same: its keys and values from the exit's hidden state.
  package let propagation: Double

  /// Joins measurements.
  ///
  /// - Throws: ``EvaluationError`` `invalidSetting` if they do not fit together or a number is not positive.
  package init(
    rows: [Int], layers: [CostLine], heads: [Double], narrowHeads: [Double]? = nil,
    choices: [Double]? = nil, decisionSeconds: [String: Double], propagation: Double = 0
  ) throws(EvaluationError) {
    let isAscending = zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }
    let numbers = layers.map(\.base) + layers.map(\.perPosition) + heads + Array(decisionSeconds.values)
    let (narrowHeads, choices) = (narrowHeads ?? heads, choices ?? heads)
    guard rows.first == 1, isAscending, layers.count == rows.count,
      [heads, narrowHeads, choices].allSatisfy({ $0.count == rows.count }),
      (numbers + narrowHeads + choices + [propagation]).allSatisfy({ $0.isFinite && $0 >= 0 }),
      layers[0].base > 0
    else {
      throw EvaluationError(
        .invalidSetting, "the measured costs do not fit together",
        remedy: "Measure them again with `router bench --costs --refresh`.")
    }
    self.rows = rows
    self.layers = layers
    self.heads = heads
    self.narrowHeads = narrowHeads
    self.choices = choices
    self.decisionSeconds = decisionSeconds
    self.propagation = propagation
  }

  /// Seconds for `rows` tokens through `layers` layers in one batch, after `context` positions.
  package func seconds(layers count: Int, rows: Int, context: Double) -> Double {
    Double(count) * interpolated(rows) { layers[$0].seconds(context: context) }
  }

  /// Seconds for the heads of `rows` tokens in one batch.
  package func headSeconds(rows: Int = 1) -> Double { interpolated(rows) { heads[$0] } }

  /// Seconds for the narrow heads of `rows` tokens in one batch.
  package func narrowHeadSeconds(rows: Int = 1) -> Double { interpolated(rows) { narrowHeads[$0] } }

  /// Seconds to choose the most probable token of each of `rows` in one batch.
  package func choiceSeconds(rows: Int = 1) -> Double { interpolated(rows) { choices[$0] } }

  /// Seconds for a decision with an estimator, the head that it may need not included.
  package func decisionSeconds(_ estimator: ExitEstimator) -> Double { decisionSeconds[estimator.name] ?? 0 }

  /// What one head costs, in layers, for one token after `context` positions.
  package func headInLayers(context: Double) -> Double {
    headSeconds() / seconds(layers: 1, rows: 1, context: context)
  }

  /// What one decision costs, in layers, for one token after `context` positions.
  package func decisionInLayers(_ estimator: ExitEstimator, context: Double) -> Double {
    decisionSeconds(estimator) / seconds(layers: 1, rows: 1, context: context)
  }

  /// Linear between measured numbers of rows, and on along the last piece beyond them.
  private func interpolated(_ count: Int, _ value: (Int) -> Double) -> Double {
    precondition(count > 0, "\(count) rows")
    guard rows.count > 1 else { return value(0) * Double(count) }
    let upper = min(max(rows.firstIndex { $0 >= count } ?? rows.count - 1, 1), rows.count - 1)
    let (low, high) = (Double(rows[upper - 1]), Double(rows[upper]))
    let share = (Double(count) - low) / (high - low)
    return value(upper - 1) + share * (value(upper) - value(upper - 1))
  }
}

extension CostModel: Codable {
  private enum CodingKeys: String, CodingKey {
    case rows, layers, heads, choices, propagation
    case narrowHeads = "narrow_heads"
    case decisionSeconds = "checks"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      rows: values.decode([Int].self, forKey: .rows), layers: values.decode([CostLine].self, forKey: .layers),
      heads: values.decode([Double].self, forKey: .heads),
      narrowHeads: values.decode([Double].self, forKey: .narrowHeads),
      choices: values.decode([Double].self, forKey: .choices),
      decisionSeconds: values.decode([String: Double].self, forKey: .decisionSeconds),
      propagation: values.decode(Double.self, forKey: .propagation))
  }
}
