import RouterRandom

extension SplitMix64 {
  /// A stream that belongs to a name: seeded with the name's 64-bit FNV-1a hash.
  package init(name: String) {
    self.init(seed: name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  }

  /// A multiple of 2^-23 in -1 ..< 1.
  package mutating func signedUnit() -> Float { Float(Int(next() >> 40) - (1 << 23)) * 0x1p-23 }

  /// `count` such numbers, times `amplitude`.
  package mutating func floats(_ count: Int, amplitude: Float = 1) -> [Float] {
    (0..<count).map { _ in signedUnit() * amplitude }
  }
}
