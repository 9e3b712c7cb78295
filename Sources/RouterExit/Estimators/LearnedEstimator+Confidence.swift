extension LearnedEstimator {
  /// The confidence at an exit, in 0...1; 0 for an exit without a network, for a hidden state of another
  /// width, and for one that is zero or not finite.
  ///
  /// - Complexity: O(D) for a linear network, O(U D) with U hidden units. Allocates nothing.
  public func confidence(depth: Int, tokenIndex: Int, hidden: UnsafeBufferPointer<Float>) -> Float {
    guard hidden.count == width, let base = hidden.baseAddress,
      let index = networks.firstIndex(where: { $0.depth == depth })
    else { return 0 }
    let meanSquare = Self.dot(base, base, width) / Float(width)
    // The smallest normal number: below it the division loses its digits.
    guard meanSquare.isFinite, meanSquare >= .leastNormalMagnitude else { return 0 }
    let scale = 1 / meanSquare.squareRoot()
    let extras = (Self.logarithmOfRoot(meanSquare), Self.earliness(tokenIndex))
    let score = networks[index].parameters.withUnsafeBufferPointer { parameters -> Float in
      guard let first = parameters.baseAddress else { return .nan }
      let width = width
      func row(_ start: UnsafePointer<Float>) -> Float {
        Self.dot(start, base, width) * scale + start[width] * extras.0 + start[width + 1] * extras.1
          + start[width + 2]
      }
      guard units > 0 else { return row(first) }
      let stride = width + Self.extraInputs + 1
      let output = first + units * stride
      var sum = output[units]
      for unit in 0..<units {
        sum += output[unit] * max(0, row(first + unit * stride))
      }
      return sum
    }
    return Self.logistic(score)
  }

  /// ln r of the mean square r^2.
  package static func logarithmOfRoot(_ meanSquare: Float) -> Float {
    Float(0.5 * naturalLogarithm(Double(meanSquare)))
  }

  /// 1 / (1 + t): early tokens of an answer differ from late ones.
  package static func earliness(_ tokenIndex: Int) -> Float { 1 / Float(1 + max(0, tokenIndex)) }

  /// 1 / (1 + exp(-z)); 0 for NaN.
  package static func logistic(_ z: Float) -> Float {
    guard !z.isNaN else { return 0 }
    // exp(-|z|) cannot overflow.
    let e = exponentialOfNonPositive(-min(87, abs(z)))
    return z >= 0 ? 1 / (1 + e) : e / (1 + e)
  }

  /// The dot product of two f32 vectors of `count` elements.
  package static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    let rawA = UnsafeRawPointer(a)
    let rawB = UnsafeRawPointer(b)
    var lanes = SIMD16<Float>.zero
    var index = 0
    while index + 16 <= count {
      let offset = index &* MemoryLayout<Float>.stride
      lanes +=
        rawA.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
        * rawB.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
      index &+= 16
    }
    var sum = lanes.sum()
    while index < count {
      sum += a[index] * b[index]
      index &+= 1
    }
    return sum
  }
}
