import CRouterKernels

extension Multiplier {
  /// Columns of a gated unit that are computed together: what shares a scale when it is quantised.
  private static let gatedColumns = Int(rk_group)

  /// Whether ``multiplyGated(_:rows:gate:up:into:)`` can make the input of `down`.
  package func takesGated(gate: WeightMatrix, up: WeightMatrix, down: WeightMatrix) -> Bool {
    [gate, up, down].allSatisfy(usesCodes) && gate.rows == up.rows && gate.rows % Self.gatedColumns == 0
  }

  /// `silu(input . gate) * (input . up)`, quantised, in one fork and join: the codes that the products and
  /// ``Kernels/siluMultiply(_:by:rows:count:into:)`` give.
  ///
  /// Nothing of the wide middle of a feed-forward block leaves the first caches but its codes.
  ///
  /// - Parameters:
  ///   - codes: of `[M, K]`.
  ///   - gate: `[F, K]`, as `up`.
  ///   - target: receives the codes of `[M, F]`; not `codes` itself.
  package func multiplyGated(
    _ codes: ActivationCodes, rows: Int, gate: WeightMatrix, up: WeightMatrix, into target: ActivationCodes
  ) {
    precondition(codes !== target, "the codes are read while the target is written")
    precondition(gate.rows == up.rows && gate.rows % Self.gatedColumns == 0, "[\(gate.rows)], [\(up.rows)]")
    guard rows > 0 else { return }
    let (view, inner) = (codes.view, gate.rows)
    let units = inner / Self.gatedColumns
    let chunks = chunkCount(units: units, rows: rows, alone: 1)
    // Of few rows as many as make a stream of weights, of many what stays in the first cache.
    let most = isFew(rows) ? 8 : 1
    team.run(chunks: chunks) { chunk in
      let last = units * (chunk + 1) / chunks
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows * most * Self.gatedColumns) {
        scratch in
        guard let gates = scratch.baseAddress else { return }
        let ups = gates + rows * most * Self.gatedColumns
        for unit in Swift.stride(from: units * chunk / chunks, to: last, by: most) {
          let (first, columns) = (unit * Self.gatedColumns, min(most, last - unit) * Self.gatedColumns)
          // Blocks know their columns, so that the first is put where theirs would be.
          multiplyBlocks(
            first / 16, (first + columns) / 16, of: MatrixProduct(gate, into: gates - first, stride: columns),
            nil, view, rows: rows)
          multiplyBlocks(
            first / 16, (first + columns) / 16, of: MatrixProduct(up, into: ups - first, stride: columns),
            nil, view, rows: rows)
          for row in 0..<rows {
            let place = target.row(row, columns: inner)
            kernels.table.pointee.silu_multiply_quantize(
              gates + row * columns, ups + row * columns, columns, place.codes + first,
              place.scales + unit, place.sums + unit)
          }
        }
      }
    }
  }
}
