import RouterCheckpoint
import RouterTensor

/// One layer on a packed batch, forward; the backward pass stands in `LayerPass+Backward.swift`.
///
/// y = m + W_down (silu(W_gate n2) * (W_up n2)), n2 = RMSNorm(m), m = x + W_o attention(W_q n1, W_k n1, W_v n1),
/// n1 = RMSNorm(x).
final class LayerPass {
  let configuration: ModelConfiguration
  let linear: TeamLinear
  let attention: AttentionMath
  let rotary: RotaryMath
  /// D, H K, G K and F.
  let width, queryWidth, keyWidth, inner: Int
  /// f32 `[T, D]`: a normalised input.
  let normed: AlignedBuffer
  /// f32 `[T, F]`: the gated product.
  let product: AlignedBuffer
  /// f32 `[T]`: 1 / RMS of a norm's input.
  let roots: AlignedBuffer
  let gradients: Gradients
  private var attentionPool = ScratchPool(floatCount: 0)
  private var attentionRows = 0

  /// Working memory of the backward pass.
  struct Gradients {
    /// f32 `[T, D]`, `[T, H K]` twice, `[T, G K]` twice, `[T, F]`.
    let normed, attended, query, key, value, product: AlignedBuffer
  }

  init(_ configuration: ModelConfiguration, capacity: Int, team: ThreadTeam) {
    self.configuration = configuration
    linear = TeamLinear(team: team)
    attention = AttentionMath(configuration)
    rotary = RotaryMath(configuration, positions: capacity)
    width = configuration.width
    queryWidth = configuration.queryWidth
    keyWidth = configuration.keyValueWidth
    inner = configuration.feedForwardWidth
    normed = AlignedBuffer(floats: capacity * width)
    product = AlignedBuffer(floats: capacity * inner)
    roots = AlignedBuffer(floats: capacity)
    gradients = Gradients(
      normed: AlignedBuffer(floats: capacity * width),
      attended: AlignedBuffer(floats: capacity * queryWidth),
      query: AlignedBuffer(floats: capacity * queryWidth), key: AlignedBuffer(floats: capacity * keyWidth),
      value: AlignedBuffer(floats: capacity * keyWidth), product: AlignedBuffer(floats: capacity * inner))
  }

  /// Runs the layer on `input`, f32 `[T, D]`, fills `kept`, and puts y `[T, D]` into `output`.
  ///
  /// - Parameter weights: the model's block of f32, in which `layer` lies.
  func forward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>, layer: ParameterLayout.Layer, into output: UnsafeMutablePointer<Float>
  ) {
    let rows = batch.rowCount
    normalise(input, weights + layer[.inputNorm].offset, rows: rows)
    let n = normed.floats
    linear.forward(n, rows: rows, layer[.queryWeight], in: weights, into: kept.query)
    linear.forward(n, rows: rows, layer[.keyWeight], in: weights, into: kept.key)
    linear.forward(n, rows: rows, layer[.valueWeight], in: weights, into: kept.value)
    forEachRow(batch) { row, position in
      if let biases = layer.biases {
        Vectors.add(weights + biases.query, to: kept.query + row * queryWidth, queryWidth)
        Vectors.add(weights + biases.key, to: kept.key + row * keyWidth, keyWidth)
        Vectors.add(weights + biases.value, to: kept.value + row * keyWidth, keyWidth)
      }
      rotary.forward(
        kept.query + row * queryWidth, heads: configuration.headCount, position: position)
      rotary.forward(
        kept.key + row * keyWidth, heads: configuration.keyValueHeadCount, position: position)
    }
    forEachHead(batch) { group, rows, room in
      let first = rows.lowerBound
      attention.forward(
        group: group, rows: rows.count, query: kept.query + first * queryWidth,
        key: kept.key + first * keyWidth, value: kept.value + first * keyWidth, room: room,
        into: kept.attended + first * queryWidth)
    }
    kept.middle.update(from: input, count: rows * width)
    linear.forward(
      kept.attended, rows: rows, layer[.outputWeight], in: weights, into: kept.middle, adding: true)

    normalise(kept.middle, weights + layer[.postAttentionNorm].offset, rows: rows)
    linear.forward(n, rows: rows, layer[.gateWeight], in: weights, into: kept.gate)
    linear.forward(n, rows: rows, layer[.upWeight], in: weights, into: kept.up)
    multiplyGate(kept, rows: rows)
    output.update(from: kept.middle, count: rows * width)
    linear.forward(
      product.floats, rows: rows, layer[.downWeight], in: weights, into: output, adding: true)
  }

  /// normed = RMSNorm(x), and roots.
  func normalise(_ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, rows: Int) {
    linear.forEachBlock(of: rows, 32) { first, count in
      for row in first..<first + count {
        roots.floats[row] = NormMath.forward(
          x + row * width, weight: weight, count: width, epsilon: configuration.normEpsilon,
          into: normed.floats + row * width)
      }
    }
  }

  /// product = silu(gate) * up.
  func multiplyGate(_ kept: LayerActivations, rows: Int) {
    linear.forEachBlock(of: rows, 32) { first, count in
      GatedUnit.forward(
        gate: kept.gate + first * inner, up: kept.up + first * inner, into: product.floats + first * inner,
        count: count * inner)
    }
  }

  /// Runs `body(row, position)` for each row.
  func forEachRow(_ batch: PackedBatch, _ body: (Int, Int) -> Void) {
    linear.team.run(chunks: batch.documents.count) { index in
      let rows = batch.documents[index]
      for row in rows { body(row, row - rows.lowerBound) }
    }
  }

  /// Runs `body(group, rows, room)` for each key/value head of each document, with room for f32 `[2, n, n]`.
  func forEachHead(
    _ batch: PackedBatch, _ body: (Int, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let longest = batch.documents.map(\.count).max() ?? 0
    if longest > attentionRows {
      attentionRows = longest
      attentionPool = ScratchPool(floatCount: 2 * longest * longest)
    }
    let groups = configuration.keyValueHeadCount
    linear.team.run(chunks: batch.documents.count * groups) { chunk in
      attentionPool.withBlock { body(chunk % groups, batch.documents[chunk / groups], $0) }
    }
  }
}
