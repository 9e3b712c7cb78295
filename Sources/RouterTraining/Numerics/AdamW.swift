import RouterTensor

/// AdamW: Adam with bias correction and decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101,
/// algorithm 2).
struct AdamW: Sendable, Codable, Equatable {
  /// Decay of the running mean of gradients.
  var beta1: Float = 0.9
  /// Decay of the running mean of squared gradients.
  var beta2: Float = 0.99
  var epsilon: Float = 1e-8
  var weightDecay: Float = 0

  /// Applies step number `step`, counted from 1, to `count` parameters from `start` on.
  ///
  /// - Parameters: f32 `[count]` each, at the same offset: parameters and the two moments are changed.
  func apply(
    step: Int, learningRate: Float, gradientScale: Float = 1, start: Int, count: Int,
    parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>
  ) {
    let correction1 = 1 - power(Double(beta1), step)
    let correction2 = 1 - power(Double(beta2), step)
    let rate = learningRate / Float(correction1)
    let rootScale = Float(1 / correction2.squareRoot())
    let decay = 1 - learningRate * weightDecay
    let (b1, b2) = (beta1, beta2)
    let whole = start + (count & ~15)
    for i in stride(from: start, to: whole, by: 16) {
      let g = Vectors.load(gradients, i) * gradientScale
      let m = Vectors.load(first, i) * b1 + g * (1 - b1)
      let v = Vectors.load(second, i) * b2 + g * g * (1 - b2)
      Vectors.store(m, first, i)
      Vectors.store(v, second, i)
      let p = Vectors.load(parameters, i) * decay
      Vectors.store(p - m * rate / (v.squareRoot() * rootScale + epsilon), parameters, i)
    }
    for i in whole..<start + count {
      let g = gradients[i] * gradientScale
      first[i] = first[i] * b1 + g * (1 - b1)
      second[i] = second[i] * b2 + g * g * (1 - b2)
      parameters[i] =
        parameters[i] * decay - first[i] * rate / (second[i].squareRoot() * rootScale + epsilon)
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
