import CRouterKernels

/// An immutable weight matrix `[N, K]` in the encoding it was stored in.
///
/// Quantised matrices are held in tiles of 16 rows x 32 columns (see `router_kernels.h`) with the same number
/// of bytes as their stored form; wide ones are row-major.
package struct WeightMatrix: Sendable {
  /// Output width N.
  package let rows: Int
  /// Input width K.
  package let columns: Int
  package let encoding: WeightEncoding
  let storage: AlignedBuffer

  /// Bytes that the matrix occupies in memory, which one product with few rows reads once.
  package var byteCount: Int { storage.byteCount }

  init(rows: Int, columns: Int, encoding: WeightEncoding, storage: AlignedBuffer) {
    self.rows = rows
    self.columns = columns
    self.encoding = encoding
    self.storage = storage
  }

  /// Takes over f32 `[N, K]`.
  package init(f32 storage: AlignedBuffer, rows: Int, columns: Int) {
    precondition(storage.byteCount == rows * columns * 4, "f32 [\(rows), \(columns)] needs its own size")
    self.init(rows: rows, columns: columns, encoding: .f32, storage: storage)
  }

  /// Takes over bf16 `[N, K]`.
  package init(bf16 storage: AlignedBuffer, rows: Int, columns: Int) {
    precondition(storage.byteCount == rows * columns * 2, "bf16 [\(rows), \(columns)] needs its own size")
    self.init(rows: rows, columns: columns, encoding: .bf16, storage: storage)
  }

  /// Packs 8-bit codes I8 `[N, K]` and f16 scales `[N, K / 32]` into tiles, which lie in `arena` if there is one.
  package init(
    q8 codes: AlignedBuffer, scales: AlignedBuffer, rows: Int, columns: Int, team: ThreadTeam? = nil,
    in arena: MemoryArena? = nil
  ) {
    precondition(codes.byteCount == rows * columns && scales.byteCount == rows * columns / 16)
    let tiles = Self.memory(rk_q8_bytes(rows, columns), arena)
    Self.forEachPart(of: rows, team: team) { first, last in
      rk_pack_q8(
        codes.pointer.assumingMemoryBound(to: Int8.self), scales.pointer.assumingMemoryBound(to: UInt16.self),
        first, last, rows, columns, tiles.pointer.assumingMemoryBound(to: UInt8.self))
    }
    self.init(rows: rows, columns: columns, encoding: .q8, storage: tiles)
  }

  /// Packs 4-bit codes `[N, K / 2]` and f16 scales and mins `[N, K / 32]` into tiles, which lie in `arena` if there
  /// is one.
  package init(
    q4 codes: AlignedBuffer, scales: AlignedBuffer, mins: AlignedBuffer, rows: Int, columns: Int,
    team: ThreadTeam? = nil, in arena: MemoryArena? = nil
  ) {
    precondition(codes.byteCount == rows * columns / 2)
    precondition(scales.byteCount == rows * columns / 16 && mins.byteCount == scales.byteCount)
    let tiles = Self.memory(rk_q4_bytes(rows, columns), arena)
    Self.forEachPart(of: rows, team: team) { first, last in
      rk_pack_q4(
        codes.pointer.assumingMemoryBound(to: UInt8.self),
        scales.pointer.assumingMemoryBound(to: UInt16.self),
        mins.pointer.assumingMemoryBound(to: UInt16.self), first, last, rows, columns,
        tiles.pointer.assumingMemoryBound(to: UInt8.self))
    }
    self.init(rows: rows, columns: columns, encoding: .q4, storage: tiles)
  }

  /// Bytes of a quantised matrix in tiles; nil for an encoding that is not held in tiles, or a width that does not
  /// allow it.
  package static func packedByteCount(_ encoding: WeightEncoding, rows: Int, columns: Int) -> Int? {
    guard columns % GroupQuantization.groupSize == 0 else { return nil }
    switch encoding {
    case .q8: return rk_q8_bytes(rows, columns)
    case .q4: return rk_q4_bytes(rows, columns)
    case .f32, .bf16: return nil
    }
  }

  private static func memory(_ byteCount: Int, _ arena: MemoryArena?) -> AlignedBuffer {
    arena?.buffer(byteCount: byteCount) ?? AlignedBuffer(byteCount: byteCount)
  }

  /// Splits rows into whole row blocks for the team; without one, the calling thread does them all.
  private static func forEachPart(of rows: Int, team: ThreadTeam?, _ body: (Int, Int) -> Void) {
    guard let team else { return body(0, rows) }
    let step = 64 * Int(rk_tile_rows)
    team.run(chunks: (rows + step - 1) / step) { body($0 * step, min(rows, ($0 + 1) * step)) }
  }

  /// Decodes one row into f32 `[K]`.
  ///
  /// - Precondition: `row` is within the matrix and `output` has room for `columns` elements.
  package func decodeRow(_ row: Int, into output: UnsafeMutablePointer<Float>) {
    precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
    switch encoding {
    case .f32:
      output.update(from: storage.pointer.assumingMemoryBound(to: Float.self) + row * columns, count: columns)
    case .bf16:
      let source = storage.pointer.assumingMemoryBound(to: UInt16.self) + row * columns
      for i in 0..<columns { output[i] = HalfPrecision.float(fromBF16: source[i]) }
    case .q8: rk_decode_q8(storage.pointer.assumingMemoryBound(to: UInt8.self), row, columns, output)
    case .q4: rk_decode_q4(storage.pointer.assumingMemoryBound(to: UInt8.self), row, columns, output)
    }
  }
}

extension WeightMatrix {
  /// Whether both are the same block of memory, as a tied head and its embedding are.
  package func isSameStorage(as other: WeightMatrix) -> Bool { storage === other.storage }
}
