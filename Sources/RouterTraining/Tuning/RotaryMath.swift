import RouterCheckpoint
import RouterModel

/// Rotary position embedding in rotate-half order (Su et al., arXiv 2104.09864), forward and backward.
struct RotaryMath {
  private let table: RotaryTable
  /// K.
  private let headWidth: Int

  /// Tables for positions 0 ..< `positions`.
  init(_ configuration: ModelConfiguration, positions: Int) {
    table = RotaryTable(configuration: configuration, positions: positions)
    headWidth = configuration.headWidth
  }

  /// Turns the heads of one row f32 `[heads, K]` by the angles of `position`.
  func forward(_ row: UnsafeMutablePointer<Float>, heads: Int, position: Int) {
    turn(row, heads, position, sign: 1)
  }

  /// The gradient turns back: a rotation's transpose is its inverse.
  func backward(_ row: UnsafeMutablePointer<Float>, heads: Int, position: Int) {
    turn(row, heads, position, sign: -1)
  }

  private func turn(_ row: UnsafeMutablePointer<Float>, _ heads: Int, _ position: Int, sign: Float) {
    let half = headWidth / 2
    let (c, s) = (table.cosines(at: position), table.sines(at: position))
    for head in 0..<heads {
      let (a, b) = (row + head * headWidth, row + head * headWidth + half)
      for i in 0..<half {
        let (x, y, sine) = (a[i], b[i], s[i] * sign)
        a[i] = x * c[i] - y * sine
        b[i] = y * c[i] + x * sine
      }
    }
  }
}
