import CRouterKernels

/// A copy of a weight matrix `[N, K]` in 8 bits whose rows lie apart: for products with a few rows of many.
package struct RowMatrix: Sendable {
  package let rows: Int
  package let columns: Int
  /// i8 `[N, K]`.
  let codes: AlignedBuffer
  /// f32 `[N, K / 32]`.
  let scales: AlignedBuffer

  /// Bytes that the copy occupies.
  package var byteCount: Int { codes.byteCount + scales.byteCount }

  /// Copies a matrix whose K is a multiple of 32.
  package init(copying matrix: WeightMatrix, matmul: Matmul) {
    precondition(matrix.columns % 32 == 0, "\(matrix.columns) columns")
    (rows, columns) = (matrix.rows, matrix.columns)
    codes = AlignedBuffer(byteCount: rows * columns)
    scales = AlignedBuffer(byteCount: rows * columns / 32 * 4)
    let (codes, scales) = (
      codes.pointer.assumingMemoryBound(to: Int8.self), scales.pointer.assumingMemoryBound(to: Float.self)
    )
    let (columns, part) = (columns, 256)
    let groups = columns / 32
    let table = matmul.kernels.table
    matmul.team.run(chunks: (rows + part - 1) / part) { chunk in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: columns + groups) { scratch in
        guard let row = scratch.baseAddress else { return }
        for index in chunk * part..<min((chunk + 1) * part, matrix.rows) {
          matrix.decodeRow(index, into: row)
          table.pointee.quantize(
            row, 1, columns, codes + index * columns, scales + index * groups, row + columns)
        }
      }
    }
  }
}
