import COpenBLAS

/// Mean and second moments of what a head reads, `[D]` each, in f64.
package struct HeadInputMoments: Sendable {
  /// D.
  package let width: Int
  /// Inputs that were added.
  package private(set) var count = 0
  private var sums: [Double]
  /// `[D, D]`, the lower triangle.
  private var products: [Double]

  package init(width: Int) {
    self.width = width
    sums = [Double](repeating: 0, count: width)
    products = [Double](repeating: 0, count: width * width)
  }

  /// Adds inputs f32 `[n, D]`.
  package mutating func add(_ inputs: [Float]) {
    precondition(inputs.count % width == 0, "\(inputs.count) values of width \(width)")
    let rows = inputs.map(Double.init)
    let added = rows.count / width
    guard added > 0 else { return }
    for row in 0..<added {
      for i in 0..<width { sums[i] += rows[row * width + i] }
    }
    cblas_dsyrk(
      CblasRowMajor, CblasLower, CblasTrans, blasint(width), blasint(added), 1, rows, blasint(width), 1,
      &products, blasint(width))
    count += added
  }

  /// The mean, `[D]`.
  var mean: [Double] { sums.map { $0 / Double(max(count, 1)) } }

  /// The covariance, `[D, D]`, its lower triangle; what hardly varies is given a little, so that it has a root.
  var covariance: [Double] {
    let (mean, count) = (mean, Double(max(count, 1)))
    var result = products
    var trace = 0.0
    for i in 0..<width {
      for j in 0...i { result[i * width + j] = products[i * width + j] / count - mean[i] * mean[j] }
      trace += result[i * width + i]
    }
    let least = max(1e-6 * trace / Double(width), 1e-12)
    for i in 0..<width { result[i * width + i] += least }
    return result
  }
}
