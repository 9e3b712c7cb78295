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
    case codes
    /// f32 products with the rows as they are stored.
    case wide
    /// Calls of BLAS, eight blocks each.
    case blas
    /// f32 products with rows that are decoded one at a time.
    case decoding
  }

  private let way: Way
  private let encoding: WeightEncoding
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
      switch matrix.encoding {
      case .f32 where inputRows > Matmul.uniformRows: .blas
      case .f32, .bf16: .wide
      case .q8, .q4: matmul.precision == .int8 ? .codes : .decoding
      }
    encoding = matrix.encoding
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
  private var unit: Int { way == .blas ? 8 : 1 }

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
    case .codes:
      let tiles = weights.assumingMemoryBound(to: UInt8.self)
      let kernel = encoding == .q4 ? table.pointee.matmul_q4 : table.pointee.matmul_q8
      kernel?(tiles, first, last, rows, columns, codes, inputRows, output, stride)
    case .wide where encoding == .bf16:
      table.pointee.matmul_bf16(
        weights.assumingMemoryBound(to: UInt16.self), first * 16, lastRow, columns, input, inputRows, output,
        stride)
    case .wide:
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
    case .decoding:
      let decode = encoding == .q4 ? rk_decode_q4 : rk_decode_q8
      withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { decoded in
        guard let row = decoded.baseAddress else { return }
        for n in first * 16..<lastRow {
          decode(weights.assumingMemoryBound(to: UInt8.self), n, columns, row)
          table.pointee.matmul_f32(row, 0, 1, columns, input, inputRows, output + n, stride)
        }
      }
    }
  }
}
