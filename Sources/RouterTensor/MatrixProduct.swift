import COpenBLAS
import CRouterKernels

/// One product of a fork: `output[i, n] = sum over k of input[i, k] * matrix[n, k]`, or `+=`.
package struct MatrixProduct {
  package let matrix: WeightMatrix
  /// f32 `[M, stride]`, of which `matrix.rows` columns are written.
  package let output: UnsafeMutablePointer<Float>
  package let stride: Int
  /// Whether the product is added to what `output` holds.
  package let adds: Bool

  package init(_ matrix: WeightMatrix, into output: UnsafeMutablePointer<Float>, stride: Int? = nil) {
    self.matrix = matrix
    self.output = output
    self.stride = stride ?? matrix.rows
    adds = false
  }

  /// A product that is added to `target`, f32 `[M, N]`.
  package init(_ matrix: WeightMatrix, addingTo target: UnsafeMutablePointer<Float>) {
    self.matrix = matrix
    output = target
    stride = matrix.rows
    adds = true
  }
}

/// Runs matrix products on a team of threads with one processor's kernels.
package struct Multiplier: Sendable {
  package let team: ThreadTeam
  package let kernels: Kernels
  package let precision: ActivationPrecision

  package init(team: ThreadTeam, kernels: Kernels = .best, precision: ActivationPrecision = .int8) {
    // The team is the only source of threads; BLAS runs within one chunk.
    openblas_set_num_threads(1)
    self.team = team
    self.kernels = kernels
    self.precision = precision
  }

  /// Multiplies one input f32 `[M, K]` by several matrices `[N_i, K]` in one fork and join.
  ///
  /// - Parameter codes: scratch for `M * K` elements.
  package func multiply(
    _ input: UnsafePointer<Float>, rows: Int, by products: [MatrixProduct], codes: ActivationCodes
  ) {
    guard rows > 0, let columns = products.first?.matrix.columns else { return }
    if products.contains(where: { usesCodes($0.matrix) }) {
      codes.fill(from: input, rows: rows, columns: columns, kernels: kernels, team: team)
    }
    run(products.map { (product: $0, input: input, codes: codes.view) }, rows: rows)
  }

  /// Whether products read nothing of their input but its codes.
  package func takesCodesOnly(_ products: [MatrixProduct]) -> Bool {
    products.allSatisfy { usesCodes($0.matrix) }
  }

  /// Multiplies one input, which is there as the codes of `[M, K]`, by several matrices `[N_i, K]` in one fork
  /// and join.
  ///
  /// - Precondition: the products take codes only.
  package func multiply(_ codes: ActivationCodes, rows: Int, by products: [MatrixProduct]) {
    precondition(takesCodesOnly(products), "a matrix needs the input itself")
    guard rows > 0 else { return }
    run(products.map { (product: $0, input: nil, codes: codes.view) }, rows: rows)
  }

  /// Multiplies inputs of their own by matrices in one fork and join; for work that has no order.
  ///
  /// - Parameter codes: one scratch for each input.
  package func multiplyEach(
    _ pairs: [(input: UnsafePointer<Float>, products: [MatrixProduct])], rows: Int, codes: [ActivationCodes]
  ) {
    precondition(pairs.count <= codes.count, "each input needs its own scratch")
    var jobs: [(product: MatrixProduct, input: UnsafePointer<Float>?, codes: rk_activations)] = []
    for (pair, scratch) in zip(pairs, codes) {
      guard let first = pair.products.first?.matrix else { continue }
      if pair.products.contains(where: { usesCodes($0.matrix) }) {
        scratch.fill(from: pair.input, rows: rows, columns: first.columns, kernels: kernels, team: team)
      }
      for product in pair.products { jobs.append((product, pair.input, scratch.view)) }
    }
    run(jobs, rows: rows)
  }

  func usesCodes(_ matrix: WeightMatrix) -> Bool {
    precision == .int8 && (matrix.encoding == .q8 || matrix.encoding == .q4)
  }

  /// Row blocks that a thread takes at once: those of one call of BLAS, one otherwise.
  ///
  /// The order in which BLAS adds depends on the width that it is given, which for the same bits on every
  /// machine must not depend on the number of threads.
  private func unit(of matrix: WeightMatrix, rows: Int) -> Int {
    usesBLAS(matrix, rows: rows) ? 8 : 1
  }

  private func usesBLAS(_ matrix: WeightMatrix, rows: Int) -> Bool {
    matrix.encoding == .f32 && rows > Self.uniformRows
  }

  /// Rows up to which every product gives a row the bits that it has alone.
  package static let uniformRows = 7

  /// Units of all products, numbered through, are dealt in chunks.
  private func run(
    _ jobs: [(product: MatrixProduct, input: UnsafePointer<Float>?, codes: rk_activations)], rows: Int
  ) {
    let units = jobs.map { unit(of: $0.product.matrix, rows: rows) }
    let counts = zip(jobs, units).map { ($0.product.matrix.rows + 16 * $1 - 1) / (16 * $1) }
    let total = counts.reduce(0, +)
    let chunks = chunkCount(units: total, rows: rows, alone: jobs.count)
    team.run(chunks: chunks) { chunk in
      var first = total * chunk / chunks
      let last = total * (chunk + 1) / chunks
      var base = 0
      for (index, job) in jobs.enumerated() where first < last {
        let (unit, count) = (units[index], counts[index])
        if first < base + count {
          let end = min(last, base + count)
          if job.product.adds {
            addBlocks(
              (first - base) * unit, (end - base) * unit, of: job.product, job.input, job.codes, rows: rows)
          } else {
            multiplyBlocks(
              (first - base) * unit, (end - base) * unit, of: job.product, job.input, job.codes, rows: rows)
          }
          first = end
        }
        base += count
      }
    }
  }

  /// Whether products of so many rows wait for the weights more than for arithmetic.
  func isFew(_ rows: Int) -> Bool { rows < 16 }

  /// Chunks of a fork: enough that a thread which loses its core holds little and that threads end together, few
  /// enough that claims cost nothing.
  func chunkCount(units: Int, rows: Int, alone: Int) -> Int {
    min(units, team.threadCount == 1 ? alone : team.threadCount * (isFew(rows) ? 8 : 32))
  }

  /// ``multiplyBlocks(_:_:of:_:_:rows:)``, added to what the output holds.
  private func addBlocks(
    _ first: Int, _ last: Int, of product: MatrixProduct, _ input: UnsafePointer<Float>?,
    _ codes: rk_activations, rows: Int
  ) {
    // Those of one call of BLAS; of few rows as many as make a stream, of many what stays in the first cache.
    let blocks = max(unit(of: product.matrix, rows: rows), isFew(rows) ? 8 : 1)
    let width = blocks * 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * width) { terms in
      guard let terms = terms.baseAddress else { return }
      for start in Swift.stride(from: first, to: last, by: blocks) {
        let end = min(start + blocks, last)
        // Blocks know their columns, so that the terms' first column is put where theirs would be.
        let part = MatrixProduct(product.matrix, into: terms - start * 16, stride: width)
        multiplyBlocks(start, end, of: part, input, codes, rows: rows)
        let count = min(end * 16, product.matrix.rows) - start * 16
        for row in 0..<rows {
          kernels.add(
            terms + row * width, to: product.output + row * product.stride + start * 16, count: count)
        }
      }
    }
  }

  /// One product's row blocks `first ..< last`, sixteen output rows each, of which the last may be beyond the end.
  func multiplyBlocks(
    _ first: Int, _ last: Int, of product: MatrixProduct, _ input: UnsafePointer<Float>?,
    _ codes: rk_activations, rows: Int
  ) {
    let matrix = product.matrix
    let (output, stride, columns) = (product.output, product.stride, matrix.columns)
    let lastRow = min(last * 16, matrix.rows)
    let weights = matrix.storage.pointer
    switch matrix.encoding {
    case .f32 where usesBLAS(matrix, rows: rows):
      let step = unit(of: matrix, rows: rows) * 16
      for start in Swift.stride(from: first * 16, to: lastRow, by: step) {
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(min(step, lastRow - start)),
          blasint(columns), 1, input, blasint(columns),
          weights.assumingMemoryBound(to: Float.self) + start * columns, blasint(columns), 0, output + start,
          blasint(stride))
      }
    case .f32:
      kernels.table.pointee.matmul_f32(
        weights.assumingMemoryBound(to: Float.self), first * 16, lastRow, columns, input, rows, output, stride
      )
    case .bf16:
      kernels.table.pointee.matmul_bf16(
        weights.assumingMemoryBound(to: UInt16.self), first * 16, lastRow, columns, input, rows, output,
        stride)
    case .q8 where precision == .int8:
      kernels.table.pointee.matmul_q8(
        weights.assumingMemoryBound(to: UInt8.self), first, last, matrix.rows, columns, codes, rows, output,
        stride)
    case .q4 where precision == .int8:
      kernels.table.pointee.matmul_q4(
        weights.assumingMemoryBound(to: UInt8.self), first, last, matrix.rows, columns, codes, rows, output,
        stride)
    case .q8, .q4:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { decoded in
        guard let row = decoded.baseAddress else { return }
        for n in first * 16..<lastRow {
          matrix.decodeRow(n, into: row)
          kernels.table.pointee.matmul_f32(row, 0, 1, columns, input, rows, output + n, stride)
        }
      }
    }
  }
}
