import RouterExit

/// Pilot tokens in columns, one per exit, on the scale of the thresholds.
struct PilotTable {
  /// E depths, ascending.
  let exits: [Int]
  /// N, the number of tokens.
  let tokenCount: Int
  /// `[N]`: a token's share of the risk, 1 / (tokens of its prompt x prompts).
  let weights: [Double]
  /// f32 `[E][N]`: a token leaves where this is at least the threshold.
  let scores: [[Float]]
  /// `[E][N]`: whether the exit says what full depth says.
  let agrees: [[Bool]]
  /// f32 `[E][N]`: what a gate says; empty without one.
  let gates: [[Float]]
  /// `[E][N]`: tokens by falling score.
  let order: [[Int32]]

  /// - Throws: ``CalibrationError`` if there is no token, if traces have different exits, exits beyond full depth, or
  ///   gates and none.
  init(_ pilots: [PilotTrace], layerCount: Int, decay: ThresholdDecay?) throws(CalibrationError) {
    let prompts = pilots.filter { $0.tokenCount > 0 }
    guard let exits = prompts.first?.exits else {
      throw CalibrationError(
        code: .invalidParameter, what: "the pilot prompts gave no token",
        remedy: "Use more pilot prompts, or prompts that the model answers.")
    }
    let isGated = prompts.first?.gates.isEmpty == false
    guard pilots.allSatisfy({ $0.exits == exits }), exits.allSatisfy({ $0 <= layerCount }),
      prompts.allSatisfy({ $0.gates.isEmpty != isGated })
    else {
      throw CalibrationError(
        code: .invalidParameter, what: "the pilot traces do not share exits and gates",
        remedy: "Run the pilot prompts again with one set of exits.")
    }
    var weights: [Double] = []
    var scores = exits.map { _ in [Float]() }
    var agrees = exits.map { _ in [Bool]() }
    var gates = isGated ? exits.map { _ in [Float]() } : []
    for prompt in prompts {
      let weight = 1 / Double(prompt.tokenCount * prompts.count)
      for token in 0..<prompt.tokenCount {
        weights.append(weight)
        // Under decay a token leaves if confidence >= 0.9 lambda + supplement(t): solve that for lambda.
        let supplement = decay.map { $0.supplement(tokenIndex: token) }
        for exit in exits.indices {
          let confidence = prompt.confidence(token: token, exitIndex: exit)
          scores[exit].append(supplement.map { (confidence - $0) / 0.9 } ?? confidence)
          agrees[exit].append(prompt.agrees(token: token, exitIndex: exit))
          if isGated { gates[exit].append(prompt.gates[token * exits.count + exit]) }
        }
      }
    }
    self.exits = exits
    self.weights = weights
    self.scores = scores
    self.agrees = agrees
    self.gates = gates
    tokenCount = weights.count
    order = scores.map { column in
      // Equal scores stay in the order of the tokens, so that a plan does not depend on the sort.
      column.indices.sorted { column[$0] != column[$1] ? column[$0] > column[$1] : $0 < $1 }.map(Int32.init)
    }
  }

  /// The first of some exits at which each token leaves `[N]`, as an index; E for none.
  func firstExits(_ bars: ExitBars) -> [Int] {
    var first = [Int](repeating: exits.count, count: tokenCount)
    for (exit, threshold) in bars.thresholds.enumerated().reversed() {
      guard let threshold else { continue }
      for token in 0..<tokenCount
      where scores[exit][token] >= threshold && passes(token, exit: exit, bars.gates[exit]) {
        first[token] = exit
      }
    }
    return first
  }

  /// Whether a gate lets a token's question pass.
  func passes(_ token: Int, exit: Int, _ gate: Float?) -> Bool {
    gate.map { gates[exit][token] >= $0 } ?? true
  }

  /// Gates worth a trial at an exit: none, and what shares of the tokens pass.
  func gateChoices(exit: Int) -> [Float?] {
    guard gates.indices.contains(exit), tokenCount > 0 else { return [nil] }
    let sorted = gates[exit].sorted()
    guard sorted[0] < sorted[tokenCount - 1] else { return [nil] }
    return [nil] + [0.15, 0.3, 0.45, 0.6, 0.72, 0.82, 0.9].map { sorted[Int($0 * Double(tokenCount - 1))] }
  }
}
