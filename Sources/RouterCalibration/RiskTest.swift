#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A test of the hypothesis "the expected loss is above epsilon", valid at every sample size for independent
/// prompts with losses in 0...1.
///
/// Choose one before looking at the losses: the smallest p-value of several tests is no p-value.
package enum RiskTest: String, Sendable, Codable, CaseIterable {
  /// P(Binom(n, epsilon) <= number of losses): exact, and the best there is, for losses that are 0 or 1.
  case exactBinomial = "exact-binomial"
  /// min(exp(-n h1(min(R, eps), eps)), e P(Binom(n, eps) <= ceil(n R))), h1(a, b) = a ln(a/b) + (1-a)
  /// ln((1-a)/(1-b)): for any loss in 0...1 (Bates et al., "Distribution-Free, Risk-Controlling Prediction
  /// Sets", 2021, section 3.1).
  case hoeffdingBentkus = "hoeffding-bentkus"
  /// 1 / max over t of the capital prod over i <= t of (1 + nu_i (epsilon - loss_i)), with the predictable
  /// bets nu_i = min(1, sqrt(2 ln(1/delta) / (n variance_(i-1)))) (Waudby-Smith and Ramdas, "Estimating means
  /// of bounded random variables by betting", 2023): tighter where losses vary little. It depends on the
  /// order of the prompts, which must be random.
  case betting

  /// The p-value of "the expected loss is above `risk`".
  ///
  /// - Parameters:
  ///   - sample: losses; for ``exactBinomial`` each 0 or 1.
  ///   - risk: epsilon, in 0..<1.
  ///   - delta: the level at which the test will be used; only ``betting`` looks at it.
  package func pValue(_ sample: LossSample, risk: Double, delta: Double) -> Double {
    precondition(risk >= 0 && risk < 1 && delta > 0 && delta < 1, "risk and delta lie between 0 and 1")
    switch self {
    case .exactBinomial:
      precondition(sample.isBinary, "the binomial test needs losses of 0 or 1")
      return Binomial.lowerTail(Int(sample.sum), n: sample.count, p: risk)
    case .hoeffdingBentkus:
      return Self.hoeffdingBentkus(sum: sample.sum, count: sample.count, risk: risk)
    case .betting:
      return min(1, exp(-Self.logCapital(sample, risk: risk, delta: delta)))
    }
  }

  /// The upper confidence bound of the expected loss: the smallest epsilon that the test accepts at `delta`.
  ///
  /// The expected loss is at most this with probability at least 1 - `delta`. 1 if nothing smaller can be
  /// said. It is found to a relative 1e-9 and rounded up.
  package func upperBound(_ sample: LossSample, delta: Double) -> Double {
    // The p-value falls as epsilon grows, so the accepted values form an interval up to 1: bisect its start.
    var rejected = 0.0
    var accepted = 1.0
    while accepted - rejected > 1e-9 * accepted {
      let middle = rejected + (accepted - rejected) / 2
      if pValue(sample, risk: middle, delta: delta) <= delta {
        accepted = middle
      } else {
        rejected = middle
      }
    }
    return accepted
  }

  /// The interval that holds the expected loss with probability at least 1 - `delta`, half of which each end
  /// may miss by.
  ///
  /// The lower end is 1 less the upper bound of 1 - loss.
  package func interval(_ sample: LossSample, delta: Double) -> ClosedRange<Double> {
    let high = upperBound(sample, delta: delta / 2)
    let low = 1 - upperBound(sample.complement, delta: delta / 2)
    // The mean lies within by construction, up to the rounding of the bisection.
    return min(max(0, low), sample.mean)...max(min(1, high), sample.mean)
  }

  /// The fewest prompts with which the test can accept `risk` at `delta`: those that suffice with no loss at
  /// all.
  ///
  /// For the binomial and Hoeffding-Bentkus tests this is ceil(ln delta / ln(1 - risk)): 59 for .05 and .05,
  /// 299 for .01 and .05.
  package func minimumPromptCount(risk: Double, delta: Double) -> Int {
    precondition(risk > 0 && risk < 1 && delta > 0 && delta < 1, "risk and delta lie between 0 and 1")
    func suffices(_ count: Int) -> Bool {
      switch self {
      case .exactBinomial, .hoeffdingBentkus:
        return exp(Double(count) * log1p(-risk)) <= delta
      case .betting:
        // Without losses the capital only grows, so its last value is its largest.
        return Self.logCapitalWithoutLoss(count, risk: risk, delta: delta) >= -log(delta)
      }
    }
    var enough = 1
    while !suffices(enough) { enough *= 2 }
    var tooFew = enough / 2
    while enough - tooFew > 1 {
      let middle = (enough + tooFew) / 2
      if suffices(middle) { enough = middle } else { tooFew = middle }
    }
    return enough
  }

  private static func hoeffdingBentkus(sum: Double, count: Int, risk: Double) -> Double {
    let mean = min(sum / Double(count), risk)
    // 0 ln 0 = 0.
    let hits = mean > 0 ? mean * log(mean / risk) : 0
    let misses = (1 - mean) * (log1p(-mean) - log1p(-risk))
    let hoeffding = exp(-Double(count) * max(0, hits + misses))
    let bentkus = M_E * Binomial.lowerTail(Int(sum.rounded(.up)), n: count, p: risk)
    return min(1, hoeffding, bentkus)
  }

  private static func bet(variance: Double, count: Int, delta: Double) -> Double {
    min(1, (-2 * log(delta) / (Double(count) * variance)).squareRoot())
  }

  /// ln of the largest capital along the sample.
  private static func logCapital(_ sample: LossSample, risk: Double, delta: Double) -> Double {
    var capital = 0.0
    var largest = 0.0
    var sum = 0.5
    var squares = 0.25
    for (index, loss) in sample.losses.enumerated() {
      let seen = Double(index + 1)
      // Prior mean 1/2 and variance 1/4 count as one observation; bets see past losses only.
      let nu = bet(variance: squares / seen, count: sample.count, delta: delta)
      capital += log1p(nu * (risk - loss))
      largest = max(largest, capital)
      sum += loss
      let mean = sum / (seen + 1)
      squares += (loss - mean) * (loss - mean)
    }
    return largest
  }

  private static func logCapitalWithoutLoss(_ count: Int, risk: Double, delta: Double) -> Double {
    var capital = 0.0
    var squares = 0.25
    for index in 0..<count {
      let seen = Double(index + 1)
      capital += log1p(bet(variance: squares / seen, count: count, delta: delta) * risk)
      let mean = 0.5 / (seen + 1)
      squares += mean * mean
    }
    return capital
  }
}
