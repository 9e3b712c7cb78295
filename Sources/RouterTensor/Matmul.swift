import COpenBLAS
import CRouterKernels

/// Runs matrix products on a team of threads with one processor's kernels.
package struct Matmul: Sendable {
  package let team: ThreadTeam
  package let kernels: Kernels
  package let precision: ActivationPrecision

  package init(team: ThreadTeam, kernels: Kernels = .best, precision: ActivationPrecision = .int8) {
    // The team is the only source of threads; what is left to BLAS runs within one chunk.
    openblas_set_num_threads(1)
    self.team = team
    self.kernels = kernels
    self.precision = precision
  }

  /// Multiplies one input f32 `[M, K]` by several matrices `[N_i, K]` in one fork and join.
  ///
  /// - Parameters:
  ///   - codes: scratch for `M * K` elements.
  ///   - next: the matrix that comes after this product.
  package func multiply(
    _ input: UnsafePointer<Float>, rows: Int, by products: [MatrixProduct], codes: QuantizedActivations,
    then next: WeightMatrix? = nil
  ) {
    guard rows > 0, let columns = products.first?.matrix.columns else { return }
    if products.contains(where: { usesCodes($0.matrix) }) {
      codes.fill(from: input, rows: rows, columns: columns, kernels: kernels, team: team)
    }
    run(
      products.map { Part($0, block($0.matrix, of: input, codes.view, rows: rows)) }, rows: rows, then: next)
    keep(products)
  }

  /// Whether products read nothing of their input but its codes.
  package func takesCodesOnly(_ products: [MatrixProduct]) -> Bool {
    products.allSatisfy { usesCodes($0.matrix) }
  }

  /// Multiplies one input, which is there as the codes of `[M, K]`, by several matrices `[N_i, K]` in one fork
  /// and join.
  ///
  /// - Precondition: the products take codes only.
  package func multiply(
    _ codes: QuantizedActivations, rows: Int, by products: [MatrixProduct], then next: WeightMatrix? = nil
  ) {
    precondition(takesCodesOnly(products), "a matrix needs the input itself")
    guard rows > 0 else { return }
    run(products.map { Part($0, block($0.matrix, of: nil, codes.view, rows: rows)) }, rows: rows, then: next)
    keep(products)
  }

  /// Multiplies inputs of their own by matrices in one fork and join; for work that has no order.
  ///
  /// - Parameter codes: one scratch for each input.
  package func multiplyEach(
    _ pairs: [(input: UnsafePointer<Float>, products: [MatrixProduct])], rows: Int,
    codes: [QuantizedActivations]
  ) {
    precondition(pairs.count <= codes.count, "each input needs its own scratch")
    var parts: [Part] = []
    for (pair, scratch) in zip(pairs, codes) {
      guard let first = pair.products.first?.matrix else { continue }
      if pair.products.contains(where: { usesCodes($0.matrix) }) {
        scratch.fill(from: pair.input, rows: rows, columns: first.columns, kernels: kernels, team: team)
      }
      for product in pair.products {
        parts.append(Part(product, block(product.matrix, of: pair.input, scratch.view, rows: rows)))
      }
    }
    run(parts, rows: rows)
    keep(pairs)
  }

  func usesCodes(_ matrix: WeightMatrix) -> Bool {
    if case .tiles = matrix.form { precision == .int8 } else { false }
  }

  func block(
    _ matrix: WeightMatrix, of input: UnsafePointer<Float>?, _ codes: rk_activations, rows: Int
  ) -> BlockProduct {
    BlockProduct(matrix, input: input, codes: codes, inputRows: rows, matmul: self)
  }

  /// A product with its place, without references.
  private struct Part {
    let blocks: BlockProduct
    let target: MatrixProduct.Target

    init(_ product: MatrixProduct, _ blocks: BlockProduct) {
      (self.blocks, target) = (blocks, product.target)
    }
  }

  /// Keeps what blocks point to until here.
  func keep<Owner>(_ owner: Owner) { withExtendedLifetime(owner) {} }

  /// Row blocks of all parts, numbered through, are dealt in chunks.
  private func run(_ parts: [Part], rows: Int, then next: WeightMatrix? = nil) {
    let total = parts.reduce(0) { $0 + $1.blocks.blockCount }
    let chunks = chunkCount(units: total, rows: rows, alone: parts.count)
    parts.withUnsafeBufferPointer { parts in
      team.run(chunks: chunks, then: prefetchHint(for: next)) { chunk in
        var first = total * chunk / chunks
        let last = total * (chunk + 1) / chunks
        var base = 0
        for part in parts where first < last {
          let count = part.blocks.blockCount
          if first < base + count {
            let end = min(last, base + count)
            part.blocks.run(blocks: first - base, end - base, into: part.target)
            first = end
          }
          base += count
        }
      }
    }
  }

  /// Whether products of so many rows wait for the weights more than for arithmetic.
  static func isFew(_ rows: Int) -> Bool { rows < 16 }

  /// Chunks of a fork: enough that a thread which loses its core holds little and that threads end together, few
  /// enough that claims cost nothing.
  func chunkCount(units: Int, rows: Int, alone: Int) -> Int {
    min(units, team.threadCount == 1 ? alone : team.threadCount * (Self.isFew(rows) ? 8 : 32))
  }

  /// What threads that wait may ask for.
  func prefetchHint(for next: WeightMatrix?) -> PrefetchHint? {
    next.map { PrefetchHint(start: $0.storage.pointer, byteCount: $0.byteCount) }
  }
}
