import RouterCheckpoint
import RouterModel
import RouterTensor

/// What a phase has to do at least: bytes to read from memory and operations to carry out.
package struct PhaseWork: Sendable, Equatable {
  /// Bytes of weights, keys and values, each read once for each batch of rows that shares it.
  package private(set) var bytes = 0.0
  /// 8-bit multiplications and additions.
  package private(set) var int8Operations = 0.0
  /// f32 multiplications and additions, attention's among them.
  package private(set) var f32Operations = 0.0

  /// The work of a phase down to layer `depth`, then one head for each token that is decoded, or one for a prompt.
  ///
  /// - Parameter headByteCount: bytes that one head reads; nil for all of its weights.
  package init(_ phase: BenchmarkPhase, depth: Int, model: LlamaModel, headByteCount: Double? = nil) {
    func matrices(_ depth: Int) -> [WeightMatrix] { model.weights.layers.prefix(depth).flatMap(\.matrices) }
    switch phase {
    case .prefill(let tokens):
      var start = 0
      while start < tokens {
        let rows = min(InferenceSession.maximumRows, tokens - start)
        for matrix in matrices(depth) { add(matrix, rows: rows, precision: model.matmul.precision) }
        addAttention(model, depth: depth, rows: rows, after: start)
        start += rows
      }
      add(model.weights.head, rows: 1, precision: model.matmul.precision)
    case .decode(_, let context), .replay(_, let context):
      let depths = phase.depths(of: depth)
      for (token, depth) in depths.enumerated() {
        for matrix in matrices(depth) { add(matrix, rows: 1, precision: model.matmul.precision) }
        add(model.weights.head, rows: 1, precision: model.matmul.precision)
        addAttention(model, depth: depth, rows: 1, after: context + token)
      }
      if let headByteCount {
        bytes += Double(depths.count) * (headByteCount - Double(model.weights.head.byteCount))
      }
    }
  }

  /// Seconds that a machine with these limits needs: reading and computing may overlap.
  package func seconds(_ rates: MachineLimits.Rates) -> (memory: Double, arithmetic: Double) {
    let arithmetic = int8Operations / rates.int8.median + f32Operations / rates.f32.median
    return (bytes / rates.read.median, arithmetic)
  }

  private mutating func add(_ matrix: WeightMatrix, rows: Int, precision: ActivationPrecision) {
    bytes += Double(matrix.byteCount)
    let operations = 2 * Double(rows) * Double(matrix.rows) * Double(matrix.columns)
    if matrix.encoding.isQuantized, precision == .int8 {
      int8Operations += operations
    } else {
      f32Operations += operations
    }
  }

  /// Keys and values of all positions so far are read once; every row attends to those up to itself.
  private mutating func addAttention(_ model: LlamaModel, depth: Int, rows: Int, after start: Int) {
    let c = model.configuration
    let positions = Double(start + rows)
    let layout = KeyValueLayout(of: model)
    let layerByteCount =
      Double(layout.pageByteCount) / Double(layout.layerCount * KeyValueLayout.pagePositions)
    bytes += Double(depth) * positions * layerByteCount
    let attended = Double(rows) * Double(start) + Double(rows * (rows + 1)) / 2
    f32Operations += Double(depth) * attended * Double(4 * c.queryWidth)
  }
}
