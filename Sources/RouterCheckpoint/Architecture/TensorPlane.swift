internal import RouterTensor

/// What a stored tensor holds of a matrix.
enum TensorPlane: Equatable {
  /// All of it.
  case whole
  /// The exponent of each element, one byte.
  case exponent
  /// The sign and mantissa of each element: `(s << 7) | m` in one byte for BF16, `(s << 23) | m` in three
  /// little-endian bytes for F32.
  case mantissa

  /// Bytes of the plane for each element of a `dtype` matrix.
  func elementByteCount(_ dtype: DType) -> Int {
    switch self {
    case .whole: dtype.byteCount
    case .exponent: 1
    case .mantissa: dtype.byteCount - 1
    }
  }

  /// Whether planes of this type exist: the exponents of BF16 and F32 have eight bits.
  static func canSplit(_ dtype: DType) -> Bool {
    dtype == .bf16 || dtype == .f32
  }

  /// Copies bytes `range` of this plane of `matrix` to `target`, which is as long.
  func extract(
    _ range: Range<Int>, of matrix: UnsafeRawBufferPointer, _ dtype: DType,
    to target: UnsafeMutableRawBufferPointer
  ) {
    precondition(target.count == range.count, "a piece of a plane has another size")
    precondition(
      range.upperBound <= matrix.count / dtype.byteCount * elementByteCount(dtype), "beyond the plane")
    guard !range.isEmpty, let bytes = target.baseAddress?.assumingMemoryBound(to: UInt8.self),
      let source = matrix.baseAddress
    else { return }
    let first = range.lowerBound
    switch (self, dtype) {
    case (.whole, _):
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: matrix[range]))
    case (.exponent, .bf16):
      let words = source.assumingMemoryBound(to: UInt16.self) + first
      for i in 0..<range.count { bytes[i] = UInt8(truncatingIfNeeded: words[i] >> 7) }
    case (.mantissa, .bf16):
      let words = source.assumingMemoryBound(to: UInt16.self) + first
      for i in 0..<range.count { bytes[i] = UInt8((words[i] >> 15) << 7 | (words[i] & 0x7F)) }
    case (.exponent, _):
      let words = source.assumingMemoryBound(to: UInt32.self) + first
      for i in 0..<range.count { bytes[i] = UInt8(truncatingIfNeeded: words[i] >> 23) }
    case (.mantissa, _):
      let words = source.assumingMemoryBound(to: UInt32.self)
      for (i, place) in range.enumerated() {
        let (element, part) = place.quotientAndRemainder(dividingBy: 3)
        let joined = (words[element] >> 31) << 23 | (words[element] & 0x7F_FFFF)
        bytes[i] = UInt8(truncatingIfNeeded: joined >> (8 * UInt32(part)))
      }
    }
  }

  /// Adds bytes `range` of this plane, `piece`, to `matrix`, whose bits of this plane are zero.
  ///
  /// Planes join by OR, so they and their pieces may arrive in any order, though not at the same time.
  func merge(
    _ piece: UnsafeRawBufferPointer, at range: Range<Int>, into matrix: UnsafeMutableRawBufferPointer,
    _ dtype: DType
  ) {
    precondition(piece.count == range.count, "a piece of a plane has another size")
    precondition(
      range.upperBound <= matrix.count / dtype.byteCount * elementByteCount(dtype), "beyond the plane")
    guard !range.isEmpty, let bytes = piece.baseAddress?.assumingMemoryBound(to: UInt8.self),
      let target = matrix.baseAddress
    else { return }
    let first = range.lowerBound
    switch (self, dtype) {
    case (.whole, _):
      UnsafeMutableRawBufferPointer(rebasing: matrix[range]).copyMemory(from: piece)
    case (.exponent, .bf16):
      let words = target.assumingMemoryBound(to: UInt16.self) + first
      for i in 0..<range.count { words[i] |= UInt16(bytes[i]) << 7 }
    case (.mantissa, .bf16):
      let words = target.assumingMemoryBound(to: UInt16.self) + first
      for i in 0..<range.count { words[i] |= UInt16(bytes[i] & 0x80) << 8 | UInt16(bytes[i] & 0x7F) }
    case (.exponent, _):
      let words = target.assumingMemoryBound(to: UInt32.self) + first
      for i in 0..<range.count { words[i] |= UInt32(bytes[i]) << 23 }
    case (.mantissa, _):
      let words = target.assumingMemoryBound(to: UInt32.self)
      for (i, place) in range.enumerated() {
        let (element, part) = place.quotientAndRemainder(dividingBy: 3)
        let joined = UInt32(bytes[i]) << (8 * UInt32(part))
        words[element] |= (joined & 0x80_0000) << 8 | (joined & 0x7F_FFFF)
      }
    }
  }
}
