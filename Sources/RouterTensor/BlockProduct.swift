import COpenBLAS
import CRouterKernels

/// An input times the blocks of a matrix, as the threads of a fork take it: addresses and sizes alone.
///
/// Threads that count references to the same objects pass the counters' cache lines to and fro, which costs more
/// than the arithmetic of a small block. Whoever makes one keeps its matrix.
struct BlockProduct {
  /// How a matrix meets its input.
  private enum Way {
    /// Integer products of codes.
    case codes(rk_tile_matmul?)
    /// f32 products with f32 rows.
    case f32
    /// f32 products with bfloat16 rows.
    case bf16
    /// Calls of BLAS, eight blocks each.
    case blas
    /// f32 products with rows that are decoded one at a time.
    case decoding(rk_encoding)
  }

  private let way: Way
  private let weights: UnsafeRawPointer
  private let columns: Int
  private let input: UnsafePointer<Float>?
  private let codes: rk_activations
  private let inputRows: Int
  private let kernels: Kernels
  /// Output width N.
  private let rows: Int

  init(
    _ matrix: WeightMatrix, input: UnsafePointer<Float>?, codes: rk_activations, inputRows: Int,
    matmul: Matmul
  ) {
    way =
      switch matrix.form {
      case .f32: inputRows > Matmul.uniformRows ? .blas : .f32
      case .bf16: .bf16
      case .tiles(let encoding):
        matmul.precision == .int8
          ? .codes(matmul.kernels.table.pointee.matmul_tiles[Int(encoding.rawValue)]) : .decoding(encoding)
      }
    weights = UnsafeRawPointer(matrix.storage.pointer)
    columns = matrix.columns
    self.input = input
    self.codes = codes
    self.inputRows = inputRows
    kernels = matmul.kernels
    rows = matrix.rows
  }

  /// Row blocks of 16 that a thread takes at once.
  ///
  /// The order in which BLAS adds depends on the width that it is given, which for the same bits on every
  /// machine must not depend on the number of threads.
  private var unit: Int { if case .blas = way { 8 } else { 1 } }

  /// Units that there are.
  var unitCount: Int { (rows + 16 * unit - 1) / (16 * unit) }

  /// Units `first ..< last` of the whole product, f32 `[M, stride]`, put into `output` or added to it.
  func run(
    units first: Int, _ last: Int, into output: UnsafeMutablePointer<Float>, stride: Int, adding: Bool
  ) {
    guard adding else { return multiply(first * unit, last * unit, into: output, stride: stride) }
    // Those of one call of BLAS; of few rows as many as make a stream, of many what stays in the first cache.
    let blocks = max(unit, Matmul.isFew(inputRows) ? 8 : 1)
    let width = blocks * 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: inputRows * width) { terms in
      guard let terms = terms.baseAddress else { return }
      for start in Swift.stride(from: first * unit, to: last * unit, by: blocks) {
        let end = min(start + blocks, last * unit)
        // Blocks know their columns, so that the terms' first column is put where theirs would be.
        multiply(start, end, into: terms - start * 16, stride: width)
        let count = min(end * 16, rows) - start * 16
        for row in 0..<inputRows {
          kernels.add(terms + row * width, to: output + row * stride + start * 16, count: count)
        }
      }
    }
  }

  /// Row blocks `first ..< last`, sixteen output rows each, of which the last may be beyond the end.
  func multiply(_ first: Int, _ last: Int, into output: UnsafeMutablePointer<Float>, stride: Int) {
    let (lastRow, table) = (min(last * 16, rows), kernels.table)
    switch way {
    case .codes(let kernel):
      let tiles = weights.assumingMemoryBound(to: UInt8.self)
      kernel?(tiles, first, last, rows, columns, codes, inputRows, output, stride)
    case .bf16:
      table.pointee.matmul_bf16(
        weights.assumingMemoryBound(to: UInt16.self), first * 16, lastRow, columns, input, inputRows, output,
        stride)
    case .f32:
      table.pointee.matmul_f32(
        weights.assumingMemoryBound(to: Float.self), first * 16, lastRow, columns, input, inputRows, output,
        stride)
    case .blas:
      let step = unit * 16
      for start in Swift.stride(from: first * 16, to: lastRow, by: step) {
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, blasint(inputRows), blasint(min(step, lastRow - start)),
          blasint(columns), 1, input, blasint(columns),
          weights.assumingMemoryBound(to: Float.self) + start * columns, blasint(columns), 0, output + start,
          blasint(stride))
      }
    case .decoding(let encoding):
      let format = rk_format(encoding)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { decoded in
        guard let row = decoded.baseAddress else { return }
        for n in first * 16..<lastRow {
          format?.pointee.decode(weights.assumingMemoryBound(to: UInt8.self), n, columns, row)
          table.pointee.matmul_f32(row, 0, 1, columns, input, inputRows, output + n, stride)
        }
      }
    }
  }
}
