import Foundation

/// SwiGLU's gate, silu(g) u with silu(g) = g / (1 + e^-g) (Shazeer, arXiv 2002.05202), and its gradients.
enum GatedUnit {
  /// product[i] = silu(gate[i]) up[i].
  static func forward(
    gate: UnsafePointer<Float>, up: UnsafePointer<Float>, into product: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let g = Vectors.load(gate, i)
      Vectors.store(g * sigmoid(g) * Vectors.load(up, i), product, i)
    }
    for i in whole..<count {
      let g = gate[i]
      product[i] = g * sigmoid(Vectors.Lanes(repeating: g))[0] * up[i]
    }
  }

  /// Replaces gate and up by their gradients, given that of the product.
  ///
  /// With s = sigmoid(g): d silu / dg = s (1 + g (1 - s)).
  static func backward(
    dProduct: UnsafePointer<Float>, gate: UnsafeMutablePointer<Float>, up: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let (g, u, d) = (Vectors.load(gate, i), Vectors.load(up, i), Vectors.load(dProduct, i))
      let s = sigmoid(g)
      Vectors.store(d * u * s * (1 + g * (1 - s)), gate, i)
      Vectors.store(d * g * s, up, i)
    }
    for i in whole..<count {
      let (g, u, d) = (gate[i], up[i], dProduct[i])
      let s = sigmoid(Vectors.Lanes(repeating: g))[0]
      gate[i] = d * u * s * (1 + g * (1 - s))
      up[i] = d * g * s
    }
  }

  /// 1 / (1 + e^-x) by the exponential of -|x|, which cannot overflow.
  @inline(__always)
  private static func sigmoid(_ x: Vectors.Lanes) -> Vectors.Lanes {
    let magnitude = x.replacing(with: -x, where: x .> 0)
    let e = magnitude.exponentialOfNonPositive
    let small = e / (1 + e)
    return small.replacing(with: 1 / (1 + e), where: x .> 0)
  }
}
