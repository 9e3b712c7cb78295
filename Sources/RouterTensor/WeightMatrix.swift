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
  let form: MatrixForm
  let storage: AlignedBuffer

  /// Bytes that the matrix occupies in memory, which one product with few rows reads once.
  package var byteCount: Int { storage.byteCount }

  init(rows: Int, columns: Int, encoding: WeightEncoding, form: MatrixForm, storage: AlignedBuffer) {
    self.rows = rows
    self.columns = columns
    self.encoding = encoding
    self.form = form
    self.storage = storage
  }

  /// Takes over wide elements, or packs codes and their companions into tiles.
  ///
  /// - Parameters:
  ///   - team: shares the packing; nil for the calling thread alone.
  ///   - arena: where tiles lie; nil for memory of their own.
  package init(_ stored: EncodedMatrix, team: ThreadTeam? = nil, in arena: MemoryArena? = nil) {
    let form = stored.encoding.descriptor.form
    self.init(
      rows: stored.rows, columns: stored.columns, encoding: stored.encoding, form: form,
      storage: Self.pack(stored, form, team: team, in: arena))
  }

  private static func pack(
    _ stored: EncodedMatrix, _ form: MatrixForm, team: ThreadTeam?, in arena: MemoryArena?
  ) -> AlignedBuffer {
    guard case .tiles(let encoding) = form else { return stored.elements }
    let (rows, columns) = (stored.rows, stored.columns)
    let byteCount = rk_tiles_bytes(encoding, rows, columns)
    let tiles = arena?.buffer(byteCount: byteCount) ?? AlignedBuffer(byteCount: byteCount)
    let companions = stored.companions.map { UnsafeRawPointer($0.pointer) as UnsafeRawPointer? }
    companions.withUnsafeBufferPointer { companions in
      forEachPart(of: rows, team: team) { first, last in
        rk_format(encoding).pointee.pack(
          stored.elements.pointer, companions.baseAddress, first, last, rows, columns,
          tiles.pointer.assumingMemoryBound(to: UInt8.self))
      }
    }
    return tiles
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
    switch form {
    case .f32:
      output.update(from: storage.pointer.assumingMemoryBound(to: Float.self) + row * columns, count: columns)
    case .bf16:
      let source = storage.pointer.assumingMemoryBound(to: UInt16.self) + row * columns
      for i in 0..<columns { output[i] = HalfPrecision.float(fromBF16: source[i]) }
    case .tiles(let encoding):
      rk_format(encoding).pointee.decode(
        storage.pointer.assumingMemoryBound(to: UInt8.self), row, columns, output)
    }
  }
}

extension WeightMatrix {
  /// Whether both are the same block of memory, as a tied head and its embedding are.
  package func isSameStorage(as other: WeightMatrix) -> Bool { storage === other.storage }
}
