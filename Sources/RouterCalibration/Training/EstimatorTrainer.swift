import RouterExit
import RouterRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Trains the network of one exit, and says what it would have said about prompts it has not seen.
///
/// Prompts are dealt into folds. Networks trained without a fold score that fold, so every pilot token gets a
/// score from a network that has not seen its prompt: thresholds are chosen on those. The number of epochs is
/// the one with the least loss on left-out folds (early stopping), and the final network, trained on all
/// prompts for as long, is scaled as the left-out scores ask for (Platt, 1999). The same inputs and seed give
/// the same network.
package struct EstimatorTrainer: Sendable {
  /// Tokens of one exit.
  package struct Tokens: Sendable {
    /// f32 `[N, D]`, row-major: residual streams at the exit.
    package var states: [Float] = []
    /// `[N]`: indices within the answers.
    package var tokenIndices: [Int] = []
    /// `[N]`: 0-based numbers of the prompts; equal ones stay in one fold.
    package var prompts: [Int] = []
    /// f32 `[N]`: what the network should say, in 0...1.
    package var targets: [Float] = []

    /// No tokens yet.
    package init() {}
  }

  /// What came of training.
  package struct Result: Sendable {
    /// The network's parameters, for inputs that are not scaled.
    package let parameters: [Float]
    /// f32 `[N]`: confidence of each token by a network that has not seen its prompt.
    package let leftOutScores: [Float]
  }

  /// Hidden units that `LearnedEstimator.Kind.mlp` gets.
  package static let hiddenUnits = 8

  private static let folds = 4
  private static let maximumEpochs = 40
  private static let patience = 6
  private static let batch = 32

  private let seed: UInt64

  /// - Parameter seed: decides the order of the tokens and where hidden units start.
  package init(seed: UInt64) { self.seed = seed }

  /// Trains a network of `units` hidden units, 0 for a linear one.
  ///
  /// - Throws: ``CalibrationError`` if there are fewer than two prompts, or shapes differ.
  package func train(_ tokens: Tokens, width: Int, units: Int) throws(CalibrationError) -> Result {
    let count = tokens.tokenIndices.count
    let prompts = Set(tokens.prompts).sorted()
    guard prompts.count >= 2, tokens.states.count == count * width, tokens.prompts.count == count,
      tokens.targets.count == count, tokens.targets.allSatisfy({ (0...1).contains($0) })
    else {
      throw CalibrationError(
        code: .invalidParameter, what: "an estimator cannot be trained on \(prompts.count) prompts",
        remedy: "Use more prompts, or an estimator that needs no training.")
    }
    let inputs = NetworkInputs(
      states: tokens.states, width: width, tokenIndices: tokens.tokenIndices, targets: tokens.targets)
    let folds = min(Self.folds, prompts.count)
    let place = Dictionary(uniqueKeysWithValues: prompts.enumerated().map { ($1, $0 % folds) })
    let fold = tokens.prompts.map { place[$0] ?? 0 }

    // By epoch: the left-out scores of all tokens, as networks of that age give them.
    var scores: [[Float]] = []
    var learners = (0..<folds).map { left in
      Learner(
        inputs: inputs, units: units, rows: (0..<count).filter { fold[$0] != left },
        seed: seed &+ UInt64(left))
    }
    var losses: [Double] = []
    while losses.count < Self.maximumEpochs {
      var epoch = [Float](repeating: 0, count: count)
      for left in learners.indices {
        learners[left].runEpoch(batch: Self.batch)
        for row in 0..<count where fold[row] == left { epoch[row] = learners[left].score(row) }
      }
      scores.append(epoch)
      losses.append(Self.loss(epoch, inputs.targets))
      let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
      if losses.count - best > Self.patience { break }
    }
    let epochs = (losses.indices.min { losses[$0] < losses[$1] } ?? 0) + 1
    let leftOut = scores[epochs - 1]

    var final = Learner(
      inputs: inputs, units: units, rows: Array(0..<count), seed: seed &+ UInt64(folds))
    for _ in 0..<epochs { final.runEpoch(batch: Self.batch) }
    var parameters = inputs.unscaled(final.network.parameters, units: units)
    let scale = LogisticScale(scores: leftOut, targets: inputs.targets)
    // z is linear in the last row of parameters: all of a linear network, v and b otherwise.
    let start = units == 0 ? 0 : units * (inputs.columns + 1)
    for index in start..<parameters.count { parameters[index] *= scale.slope }
    parameters[parameters.count - 1] += scale.offset
    return Result(
      parameters: parameters,
      leftOutScores: leftOut.map { LearnedEstimator.logistic(scale.slope * $0 + scale.offset) })
  }

  /// Mean logistic loss of scores z, in nats.
  private static func loss(_ scores: [Float], _ targets: [Float]) -> Double {
    var sum = 0.0
    for (z, target) in zip(scores, targets) {
      // ln(1 + e^z) - y z, written so that nothing overflows.
      let z = Double(z)
      sum += max(z, 0) + log1p(exp(-abs(z))) - Double(target) * z
    }
    return sum / Double(max(scores.count, 1))
  }

  /// One network and the rows it learns from.
  private struct Learner {
    let inputs: NetworkInputs
    var network: SmallNetwork
    private let rows: [Int]
    private var generator: SplitMix64

    init(inputs: NetworkInputs, units: Int, rows: [Int], seed: UInt64) {
      self.inputs = inputs
      self.rows = rows
      generator = SplitMix64(seed: seed)
      network = SmallNetwork(columns: inputs.columns, units: units, generator: &generator)
    }

    /// Learns from every row once, in an order of its own.
    mutating func runEpoch(batch: Int) {
      let order = generator.permutation(of: rows.count)
      inputs.values.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress else { return }
        for start in stride(from: 0, to: order.count, by: batch) {
          let part = order[start..<min(start + batch, order.count)]
          for place in part {
            let row = base + rows[place] * inputs.columns
            let z = network.score(row)
            let slope = LearnedEstimator.logistic(z) - inputs.targets[rows[place]]
            network.accumulate(row, slope: slope / Float(part.count))
          }
          network.step()
        }
      }
    }

    mutating func score(_ row: Int) -> Float {
      inputs.values.withUnsafeBufferPointer { values in
        values.baseAddress.map { network.score($0 + row * inputs.columns) } ?? 0
      }
    }
  }
}
