import CRouterKernels

/// A 4-bit copy of a matrix W `[N, K]` that tells which rows of a product can be the largest, at about half of
/// the bytes of an 8-bit one.
///
/// The copy L differs from W - c by a residual e, where c is the mean row: it moves all products alike, so it
/// need not be stored with the rows. For every row and input, by the inequality of Cauchy and Schwarz on a
/// subspace U and on its complement,
///
///     |W x - c x - L x| <= |e in U| |x in U| + |e beside U| |x beside U|
///
/// The norms of e are stored with the rows. U holds the directions in which inputs are known to be long, so that
/// the short rest of an input meets the long rest of a residual. Whatever U is, the bound holds; a good one makes
/// it narrow. All roundings of f32 arithmetic, of the exact product's too, are within ``slack(inputNorm:)``.
package struct MatrixScreen: Sendable {
  package let matrix: WeightMatrix
  /// Blocks of 16 rows as `router_screen.h` describes them.
  package let blocks: AlignedBuffer
  /// c, f32 `[K]`.
  let centre: [Float]
  /// U, f32 `[count, K]`, orthonormal to within `skew`.
  let directions: AlignedBuffer
  let directionCount: Int
  /// Frobenius norm of U U^T - 1.
  let skew: Double
  /// Upper bounds of |W r|, |L r| and |e r| over all rows r, and of |c|.
  var norms: Norms

  struct Norms: Sendable {
    var row = 0.0
    var copy = 0.0
    var residual = 0.0
    var centre = 0.0
  }

  /// Bytes that the screen adds to the matrix; one product reads them once.
  package var byteCount: Int { blocks.byteCount }

  /// Blocks of 16 rows.
  package var blockCount: Int { (matrix.rows + 15) / 16 }

  /// Relative error of an f32 sum of `count` products in any order, with some room for what follows
  /// (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
  static func sumError(_ count: Int) -> Double { Double(count + 64) * 0x1.04p-24 }

  /// How far rounding may move a product, its bound, and their comparison, all together.
  func slack(inputNorm: Double) -> Double {
    let error = Self.sumError(matrix.columns)
    let rounded = norms.row + norms.copy + norms.centre + 2 * norms.residual
    // The last term covers what underflows; inputs are longer than 1e-20.
    return (error * 2 * rounded + 4 * skew * norms.residual) * inputNorm + 1e-30
  }

  /// Splits a vector's length over U and its complement, both rounded up, given its length and the computed
  /// length of its part in U.
  func split(norm: Double, inside: Double) -> rk_reach {
    guard directionCount > 0 else { return rk_reach(inside: 0, outside: Float(norm).nextUp) }
    // Each of the dot products that make the inside is off by this much of the norm at most.
    let error = Self.sumError(matrix.columns) * Double(directionCount).squareRoot() * norm + skew * norm
    let least = max(0, inside - error)
    let outside = max(0, norm * norm - least * least).squareRoot()
    return rk_reach(inside: Float(inside + error).nextUp, outside: Float(outside).nextUp)
  }

  /// The codes' own row `[K]`, without c: for tests.
  package func decodeRow(_ row: Int, into output: UnsafeMutablePointer<Float>) {
    rk_screen_decode(
      blocks.pointer.assumingMemoryBound(to: UInt8.self), row, matrix.columns, output)
  }
}
