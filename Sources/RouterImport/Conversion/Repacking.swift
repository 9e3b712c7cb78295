import RouterTensor

/// A way to move quantised blocks into the layout of a checkpoint's encoding without a detour through floating point.
package struct Repacking: Sendable {
  /// How well the encoding represents the source.
  package enum Fidelity: Sendable {
    /// Every weight keeps its value.
    case exact
    /// The codes are kept, scales and minima are rounded to f16 (relative error at most 2^-11).
    case roundedScales
  }

  /// Where blocks go: the start of the codes, and f16 bit patterns, one for each group.
  struct Target {
    let codes: UnsafeMutableRawPointer
    private let companions: [UnsafeMutableBufferPointer<UInt16>]

    init?(_ planes: EncodedPlanes) {
      guard let codes = planes.elements.baseAddress else { return nil }
      self.codes = codes
      companions = planes.companions
    }

    /// The companion with index `index` in the order of the encoding's descriptor.
    subscript(index: Int) -> UnsafeMutableBufferPointer<UInt16> { companions[index] }
  }

  let fidelity: Fidelity
  /// Moves whole blocks; the target is as large as they need.
  let move: @Sendable (SourceBlocks, Target) -> Void

  init(_ fidelity: Fidelity, move: @escaping @Sendable (SourceBlocks, Target) -> Void) {
    self.fidelity = fidelity
    self.move = move
  }

  /// Of what a checkpoint stores as the source does.
  static let copy = Repacking(.exact) { blocks, target in
    target.codes.copyMemory(from: blocks.first, byteCount: blocks.count * blocks.byteCount)
  }
}
