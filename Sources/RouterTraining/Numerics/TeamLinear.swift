import RouterTensor

/// ``LinearMath`` spread over a team of threads.
///
/// Where the work is split depends on the shapes alone, so the result does not depend on the number of threads.
struct TeamLinear {
  let team: ThreadTeam

  /// y `[M, N]` = x `[M, K]` W `[N, K]`^T, or y += ....
  func forward(
    _ x: UnsafePointer<Float>, rows: Int, inputs: Int, _ weight: UnsafePointer<Float>, outputs: Int,
    into y: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    forEachBlock(of: rows, Self.rowBlock(rows)) { first, count in
      LinearMath(rows: count, inputs: inputs, outputs: outputs).forward(
        x + first * inputs, weight, into: y + first * outputs, adding: adding)
    }
  }

  /// dx `[M, K]` = dy `[M, N]` W `[N, K]`, or dx += ....
  func inputGradient(
    _ dy: UnsafePointer<Float>, rows: Int, outputs: Int, _ weight: UnsafePointer<Float>, inputs: Int,
    into dx: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    forEachBlock(of: rows, Self.rowBlock(rows)) { first, count in
      LinearMath(rows: count, inputs: inputs, outputs: outputs).inputGradient(
        dy + first * outputs, weight, into: dx + first * inputs, adding: adding)
    }
  }

  /// dW `[N, K]` += dy `[M, N]`^T x `[M, K]`.
  func weightGradient(
    _ dy: UnsafePointer<Float>, rows: Int, outputs: Int, _ x: UnsafePointer<Float>, inputs: Int,
    into dWeight: UnsafeMutablePointer<Float>
  ) {
    let block = max(64, min(4096, (outputs + 7) / 8))
    forEachBlock(of: outputs, block) { first, count in
      LinearMath.weightGradient(
        dy + first, stride: outputs, rows: rows, outputs: count, x, inputs: inputs,
        into: dWeight + first * inputs)
    }
  }

  /// Rows that one call of BLAS takes: enough to repay packing the weights, few enough to share the work.
  private static func rowBlock(_ rows: Int) -> Int { max(64, min(256, (rows + 3) / 4)) }

  /// Runs `body(first, count)` for consecutive blocks of `total`.
  func forEachBlock(of total: Int, _ block: Int, _ body: (Int, Int) -> Void) {
    team.run(chunks: (total + block - 1) / block) { body($0 * block, min(block, total - $0 * block)) }
  }
}
