/// RMSNorm, y = w x r with r = (mean(x^2) + epsilon)^(-1/2) (Zhang and Sennrich, arXiv 1910.07467), and its
/// gradients, one row at a time.
enum NormMath {
  /// y `[D]` from x `[D]`; returns r.
  @discardableResult
  static func forward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, count: Int, epsilon: Float,
    into y: UnsafeMutablePointer<Float>
  ) -> Float {
    let r = 1 / (Vectors.dot(x, x, count) / Float(count) + epsilon).squareRoot()
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      Vectors.store(Vectors.load(x, i) * Vectors.load(weight, i) * r, y, i)
    }
    for i in whole..<count { y[i] = x[i] * weight[i] * r }
    return r
  }

  /// dx = r (w dy - x r^2 mean(w dy x)), put into `dx` or added to it; `dy` and `dx` may be the same row.
  static func inputGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, count: Int, r: Float,
    into dx: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    let pull = Vectors.dot(dy, weight, x, count) / Float(count) * r * r
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let value = (Vectors.load(dy, i) * Vectors.load(weight, i) - Vectors.load(x, i) * pull) * r
      Vectors.store(adding ? Vectors.load(dx, i) + value : value, dx, i)
    }
    for i in whole..<count {
      let value = (dy[i] * weight[i] - x[i] * pull) * r
      dx[i] = adding ? dx[i] + value : value
    }
  }

  /// dw += dy x r.
  static func weightGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, count: Int, r: Float,
    into dWeight: UnsafeMutablePointer<Float>
  ) {
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      Vectors.store(
        Vectors.load(dWeight, i) + Vectors.load(dy, i) * Vectors.load(x, i) * r, dWeight, i)
    }
    for i in whole..<count { dWeight[i] += dy[i] * x[i] * r }
  }
}
