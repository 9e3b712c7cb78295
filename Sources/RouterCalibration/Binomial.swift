#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The binomial distribution, accurate in both tails for n up to 1e5 and beyond.
///
/// Probabilities come from Loader's saddle-point form (C. Loader, "Fast and Accurate Computation of Binomial
/// Probabilities", 2000), which never subtracts large logarithms; tails add them from the largest term
/// outwards. Relative error about 1e-13.
package enum Binomial {
  /// P(X = k) for X ~ Binom(n, p).
  package static func probability(_ k: Int, n: Int, p: Double) -> Double {
    precondition(n >= 0 && p >= 0 && p <= 1, "a binomial needs n >= 0 and p in 0...1")
    guard k >= 0 && k <= n else { return 0 }
    if p == 0 { return k == 0 ? 1 : 0 }
    if p == 1 { return k == n ? 1 : 0 }
    if k == 0 { return exp(Double(n) * log1p(-p)) }
    if k == n { return exp(Double(n) * log(p)) }
    let count = Double(n)
    let hits = Double(k)
    let misses = Double(n - k)
    let exponent =
      stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(hits, count * p)
      - deviance(misses, count * (1 - p))
    return exp(exponent) * (count / (2 * Double.pi * hits * misses)).squareRoot()
  }

  /// P(X <= k) for X ~ Binom(n, p).
  ///
  /// - Complexity: O(min(n, sqrt(n))) terms in practice: terms too small to count are not added.
  package static func lowerTail(_ k: Int, n: Int, p: Double) -> Double {
    precondition(n >= 0 && p >= 0 && p <= 1, "a binomial needs n >= 0 and p in 0...1")
    if k < 0 { return 0 }
    if k >= n || p == 0 { return 1 }
    if p == 1 { return 0 }
    if Double(k) <= Double(n) * p {
      var term = probability(k, n: n, p: p)
      var sum = term
      var index = k
      while index > 0 && term > sum * 1e-18 {
        term *= Double(index) / Double(n - index + 1) * ((1 - p) / p)
        sum += term
        index -= 1
      }
      return min(1, sum)
    }
    var term = probability(k + 1, n: n, p: p)
    var sum = term
    var index = k + 1
    while index < n && term > sum * 1e-18 {
      term *= Double(n - index) / Double(index + 1) * (p / (1 - p))
      sum += term
      index += 1
    }
    return max(0, 1 - sum)
  }

  /// ln n! - (ln(2 pi n) / 2 + n ln n - n), the error of Stirling's formula; n >= 1.
  private static func stirlingError(_ n: Int) -> Double {
    let x = Double(n)
    if n < 16 {
      var factorial = 1.0
      for factor in 1...n { factorial *= Double(factor) }
      return log(factorial) - (0.5 * log(2 * Double.pi * x) + x * log(x) - x)
    }
    let square = x * x
    return
      (1 / 12.0 - (1 / 360.0 - (1 / 1260.0 - (1 / 1680.0 - 1 / (1188 * square)) / square) / square) / square)
      / x
  }

  /// x ln(x / m) + m - x, without cancellation where x is close to m; x, m > 0.
  private static func deviance(_ x: Double, _ m: Double) -> Double {
    guard abs(x - m) < 0.1 * (x + m) else { return x * log(x / m) + m - x }
    // With v = (x - m) / (x + m): ln(x / m) = 2 artanh v, expanded in odd powers of v.
    let v = (x - m) / (x + m)
    var sum = (x - m) * v
    var power = 2 * x * v
    var degree = 3.0
    while true {
      power *= v * v
      let next = sum + power / degree
      if next == sum { return sum }
      sum = next
      degree += 2
    }
  }
}
