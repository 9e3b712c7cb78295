/// Loops over f32 rows, sixteen lanes at a time.
enum Vectors {
  typealias Lanes = SIMD16<Float>

  @inline(__always)
  static func load(_ pointer: UnsafePointer<Float>, _ i: Int) -> Lanes {
    UnsafeRawPointer(pointer + i).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  static func store(_ value: Lanes, _ pointer: UnsafeMutablePointer<Float>, _ i: Int) {
    UnsafeMutableRawPointer(pointer + i).storeBytes(of: value, as: Lanes.self)
  }

  /// Sum over i of a[i] b[i].
  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var sums = Lanes.zero
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) { sums += load(a, i) * load(b, i) }
    var sum = sums.sum()
    for i in whole..<count { sum += a[i] * b[i] }
    return sum
  }

  /// Sum over i of a[i] b[i] c[i].
  static func dot(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ count: Int
  ) -> Float {
    var sums = Lanes.zero
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) { sums += load(a, i) * load(b, i) * load(c, i) }
    var sum = sums.sum()
    for i in whole..<count { sum += a[i] * b[i] * c[i] }
    return sum
  }

  /// target[i] += factor * term[i].
  static func add(
    _ term: UnsafePointer<Float>, times factor: Float = 1, to target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      store(load(target, i) + load(term, i) * factor, target, i)
    }
    for i in whole..<count { target[i] += term[i] * factor }
  }

  /// The largest of count >= 1 elements; a NaN may be lost.
  static func maximum(_ a: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = Lanes(repeating: -.infinity)
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let next = load(a, i)
      lanes.replace(with: next, where: next .> lanes)
    }
    var largest = lanes.max()
    for i in whole..<count where a[i] > largest { largest = a[i] }
    return largest
  }

  /// a[i] = exp(a[i] - shift), where no a[i] exceeds shift; returns their sum.
  static func exponentials(_ a: UnsafeMutablePointer<Float>, minus shift: Float, _ count: Int) -> Float {
    var sums = Lanes.zero
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let value = (load(a, i) - shift).exponentialOfNonPositive
      store(value, a, i)
      sums += value
    }
    var sum = sums.sum()
    for i in whole..<count {
      a[i] = Lanes(repeating: a[i] - shift).exponentialOfNonPositive[0]
      sum += a[i]
    }
    return sum
  }
}

extension SIMD16<Float> {
  /// exp(x) of 16 values that are at most 0, relative error below 1e-7; below -87 as at -87. NaN stays NaN.
  ///
  /// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by a polynomial fitted for the least relative error there.
  @inline(__always)
  var exponentialOfNonPositive: SIMD16<Float> {
    let x = replacing(with: -87, where: self .< -87)
    // Adding 1.5 * 2^23 rounds to an integer n and leaves n in the low mantissa bits.
    let shifted = x * 1.442_695_04 + 12_582_912
    let n = shifted - 12_582_912
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
    var q = r * 0.001_395_365_3 + 0.008_375_392
    q = q * r + 0.041_666_836
    q = q * r + 0.166_664_48
    q = q * r + 0.499_999_94
    let power = (q * r) * r + r + 1
    let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &- (0x4B40_0000 &- 127)
    return power * unsafeBitCast(exponent &<< 23, to: SIMD16<Float>.self)
  }
}
