import CRouterKernels

extension Matmul {
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
    _ codes: QuantizedActivations, rows: Int, gate: WeightMatrix, up: WeightMatrix,
    into target: QuantizedActivations,
    then next: WeightMatrix? = nil
  ) {
    precondition(codes !== target, "the codes are read while the target is written")
    precondition(gate.rows == up.rows && gate.rows % Self.gatedColumns == 0, "[\(gate.rows)], [\(up.rows)]")
    guard rows > 0 else { return }
    let inner = gate.rows
    let units = inner / Self.gatedColumns
    let chunks = chunkCount(units: units, rows: rows, alone: 1)
    // Of few rows as many as make a stream of weights, of many what stays in the first cache.
    let most = Self.isFew(rows) ? 8 : 1
    let gates = block(gate, of: nil, codes.view, rows: rows)
    let ups = block(up, of: nil, codes.view, rows: rows)
    let places = target.rows(rows, columns: inner)
    let quantize = kernels.table.pointee.silu_multiply_quantize
    team.run(chunks: chunks, then: prefetchHint(for: next)) { chunk in
      let end = units * (chunk + 1) / chunks
      let capacity = rows * most * Self.gatedColumns
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * capacity) { scratch in
        guard let left = scratch.baseAddress else { return }
        let right = left + capacity
        for unit in Swift.stride(from: units * chunk / chunks, to: end, by: most) {
          let (column, width) = (unit * Self.gatedColumns, min(most, end - unit) * Self.gatedColumns)
          // Blocks know their columns, so that the first is put where theirs would be.
          let blocks = (first: column / 16, last: (column + width) / 16)
          gates.multiply(blocks.first, blocks.last, into: left - column, stride: width)
          ups.multiply(blocks.first, blocks.last, into: right - column, stride: width)
          for row in 0..<rows {
            let group = row * units + unit
            quantize?(
              left + row * width, right + row * width, width,
              places.codes + group * Self.gatedColumns, places.scales + group, places.sums + group)
          }
        }
      }
    }
    keep((gate, up))
    keep(target)
  }
}
