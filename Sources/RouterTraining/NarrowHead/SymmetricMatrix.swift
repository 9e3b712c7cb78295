import COpenBLAS

/// Decompositions of symmetric matrices `[n, n]` in f64, by LAPACK.
enum SymmetricMatrix {
  /// L with A = L L^T, row-major with zeros above the diagonal; nil if A is not positive definite.
  ///
  /// - Parameter lower: A, of which the lower triangle is read, row-major.
  static func choleskyFactor(_ lower: [Double], _ n: Int) -> [Double]? {
    var a = lower
    var (size, info) = (blasint(n), blasint(0))
    // Row-major lower is column-major upper: A = U^T U, and U's columns are L's rows.
    dpotrf_("U", &size, &a, &size, &info, 1)
    // Comparisons with NaN are false, so that it passes for a root.
    guard info == 0, a.allSatisfy(\.isFinite) else { return nil }
    for i in 0..<n {
      for j in i + 1..<max(n, i + 1) { a[i * n + j] = 0 }
    }
    return a
  }

  /// The eigenvectors of the `count` largest eigenvalues, `[count, n]` row by row from the largest on; nil if they
  /// cannot be found.
  ///
  /// - Parameter lower: the matrix, of which the lower triangle is read, row-major.
  static func leadingEigenvectors(_ count: Int, of lower: [Double], _ n: Int) -> [Double]? {
    var a = lower
    var values = [Double](repeating: 0, count: n)
    var work = [Double](repeating: 0, count: 1 + 6 * n + 2 * n * n)
    var integers = [blasint](repeating: 0, count: 3 + 5 * n)
    var (size, info) = (blasint(n), blasint(0))
    var (workSize, integerSize) = (blasint(work.count), blasint(integers.count))
    dsyevd_("V", "U", &size, &a, &size, &values, &work, &workSize, &integers, &integerSize, &info, 1, 1)
    guard info == 0 else { return nil }
    // Columns, ascending: the last is the leading one.
    return (0..<count).flatMap { a[(n - 1 - $0) * n..<(n - $0) * n] }
  }
}
