import RouterCheckpoint

/// The weights of the tiny models: what `.ci/fixtures/model.py` makes, number for number.
enum FixtureWeights {
  /// f32 elements of an entry of a table.
  static func elements(of entry: TensorTable.Entry) -> [Float] {
    elements(of: entry.name, count: entry.elementCount)
  }

  /// f32 elements of the tensor called `name`: multiples of 2^-23 in -1 ..< 1 from SplitMix64, seeded with the
  /// name's 64-bit FNV-1a hash, times a power of two; norms are 1 plus such a number.
  static func elements(of name: String, count: Int) -> [Float] {
    var state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let amplitude: Float =
      name.hasSuffix("bias") ? 0.5 : name == TensorName.embedding ? 1 : 0.25
    let centre: Float = name.contains("norm") ? 1 : 0
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for i in 0..<count {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let unit = Float(Int(mixed >> 40) - (1 << 23)) * 0x1p-23
        buffer.initializeElement(at: i, to: centre + amplitude * unit)
      }
      initialized = count
    }
  }
}
