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
  let rows: Int

  init(
    _ matrix: WeightMatrix, input: UnsafePointer<Float>?, codes: rk_activations, inputRows: Int,
    matmul: Matmul
  ) {
    way =
      switch matrix.form {
      case .f32: .f32
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

  /// Row blocks of 16 that there are.
  var blockCount: Int { (rows + 15) / 16 }

  /// Row blocks `first ..< last` of the whole product, `[M, N]`, put where they belong.
  func run(blocks first: Int, _ last: Int, into target: MatrixProduct.Target) {
    let sums: UnsafePointer<UnsafeMutablePointer<Float>>
    switch target {
    case .output(let output, let stride):
      return multiply(first, last, into: output, stride: stride)
    case .sums(let rows): sums = rows
    }
    // Of few rows as many as make a stream, of many what stays in the first cache.
    let blocks = Matmul.isFew(inputRows) ? 8 : 1
    let width = blocks * 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: inputRows * width) { terms in
      guard let terms = terms.baseAddress else { return }
      for start in Swift.stride(from: first, to: last, by: blocks) {
        let end = min(start + blocks, last)
        // Blocks know their columns, so that the terms' first column is put where theirs would be.
        multiply(start, end, into: terms - start * 16, stride: width)
        let count = min(end * 16, rows) - start * 16
        for row in 0..<inputRows {
          kernels.add(terms + row * width, to: sums[row] + start * 16, count: count)
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
