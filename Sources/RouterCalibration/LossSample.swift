/// The losses of some prompts, each finite and in 0...1, in the order in which the prompts were drawn.
package struct LossSample: Sendable, Equatable {
  /// One loss in 0...1 per prompt; never empty.
  package let losses: [Double]

  /// The sum of the losses.
  package let sum: Double

  /// Whether every loss is 0 or 1.
  package let isBinary: Bool

  /// Checks losses.
  ///
  /// - Throws: ``CalibrationError`` if there are none, or if one is NaN or outside 0...1.
  package init(_ losses: [Double]) throws(CalibrationError) {
    guard !losses.isEmpty else {
      throw CalibrationError(
        code: .invalidParameter, what: "there are no losses", remedy: "Measure at least one prompt.")
    }
    for (index, loss) in losses.enumerated() where !(0...1).contains(loss) {
      throw CalibrationError(
        code: .invalidParameter, what: "a loss of \(loss) is outside 0...1", location: "prompt \(index)",
        remedy: "Scale the metric so that 0 is no loss and 1 the worst.")
    }
    self.losses = losses
    sum = losses.reduce(0, +)
    isBinary = losses.allSatisfy { $0 == 0 || $0 == 1 }
  }

  private init(complementOf sample: LossSample) {
    losses = sample.losses.map { 1 - $0 }
    sum = losses.reduce(0, +)
    isBinary = sample.isBinary
  }

  /// 1 - loss of each prompt: what upper bounds need to become lower ones.
  package var complement: LossSample { LossSample(complementOf: self) }

  /// n, the number of prompts.
  package var count: Int { losses.count }

  /// The empirical risk.
  package var mean: Double { sum / Double(count) }
}
