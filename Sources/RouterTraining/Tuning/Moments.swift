import RouterRandom
import RouterTensor

/// The two running means of AdamW for a block of parameters, in f32 or bf16.
///
/// bf16 has 8 bits of precision, so a small change would always be rounded away; rounding up with the
/// probability of the remainder keeps the mean right (Gupta et al., arXiv 1502.02551).
struct Moments {
  /// First and second moments, as they are stored.
  let blocks: [AlignedBuffer]
  private let isBF16: Bool

  init(count: Int, isBF16: Bool) {
    self.isBF16 = isBF16
    blocks = (0..<2).map { _ in AlignedBuffer(byteCount: count * (isBF16 ? 2 : 4)) }
  }

  /// Lends both moments of parameters `start ..< start + count` as f32 to `body`, and keeps what it makes of them.
  ///
  /// - Parameters:
  ///   - seed: decides the rounding; different for each step and range.
  ///   - room: f32 `[2, count]`.
  func update(
    start: Int, count: Int, seed: UInt64, room: UnsafeMutablePointer<Float>,
    _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    guard isBF16 else {
      body(blocks[0].floats + start, blocks[1].floats + start)
      return
    }
    let stored = blocks.map { $0.pointer.assumingMemoryBound(to: UInt16.self) + start }
    for (index, source) in stored.enumerated() {
      for i in 0..<count { room[index * count + i] = HalfPrecision.float(fromBF16: source[i]) }
    }
    body(room, room + count)
    var random = SplitMix64(seed: seed, purpose: .rounding, number: start)
    for (index, target) in stored.enumerated() {
      for i in 0..<count {
        let bits = room[index * count + i].bitPattern
        target[i] = UInt16(truncatingIfNeeded: (bits &+ UInt32(random.next() >> 48)) >> 16)
      }
    }
  }
}
