#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Slope and offset that make 1 / (1 + exp(-(slope z + offset))) fit targets best (J. Platt, "Probabilistic
/// Outputs for Support Vector Machines", 1999), found by Newton's method.
struct LogisticScale {
  private(set) var slope: Float = 1
  private(set) var offset: Float = 0

  /// The identity if the fit does not rise with the score: then the scores tell nothing.
  init(scores: [Float], targets: [Float]) {
    var (a, b) = (1.0, 0.0)
    for _ in 0..<30 {
      // Gradient and Hessian; the small ridge keeps perfect scores from an infinite slope.
      var (ga, gb) = (1e-3 * (a - 1), 0.0)
      var (haa, hab, hbb) = (1e-3, 0.0, 1e-9)
      for (score, target) in zip(scores, targets) {
        let z = Double(score)
        let p = 1 / (1 + exp(-(a * z + b)))
        let difference = p - Double(target)
        let weight = p * (1 - p)
        ga += difference * z
        gb += difference
        haa += weight * z * z
        hab += weight * z
        hbb += weight
      }
      let determinant = haa * hbb - hab * hab
      guard determinant > 0 else { break }
      let da = (hbb * ga - hab * gb) / determinant
      let db = (haa * gb - hab * ga) / determinant
      // A step of more than 2 means that the parabola is a bad picture: go there in parts.
      let length = min(1, 2 / max(abs(da), abs(db), 1e-12))
      a -= length * da
      b -= length * db
      if max(abs(da), abs(db)) < 1e-9 { break }
    }
    guard a.isFinite, b.isFinite, a > 0 else { return }
    slope = Float(a)
    offset = Float(b)
  }
}
