import RouterRandom
import RouterTensor

/// Low-rank factors beside every matrix of every layer: W' = W + (alpha / r) B A, A `[r, K]`, B `[N, r]`
/// (LoRA, Hu et al., arXiv 2106.09685).
///
/// They are trained as a reparametrisation: a step merges them into the weights; `FactorGradients` has the gradients.
package struct LowRankFactors {
  /// One matrix, and where its factors lie in their block.
  package struct Pair {
    /// Where the matrix begins in the block of weights.
    let weight: Int
    /// N and K.
    package let rows, columns: Int
    /// Where A `[r, K]` and B `[N, r]` begin.
    package let a, b: Int
  }

  let rank: Int
  package let scale: Float
  /// f32 in the block of factors.
  package let count: Int
  private let layers: [[Pair]]
  private let byWeight: [Int: Pair]
  private let team: ThreadTeam

  package init(_ layout: ParameterLayout, rank: Int, alpha: Float, team: ThreadTeam) {
    self.rank = rank
    self.team = team
    scale = alpha / Float(rank)
    var end = 0
    layers = layout.layers.map { layer in
      layer.matrices.map { matrix in
        let (rows, columns) = matrix.matrixSize
        defer { end += rank * (rows + columns) }
        return Pair(
          weight: matrix.offset, rows: rows, columns: columns, a: end, b: end + rank * columns)
      }
    }
    byWeight = Dictionary(uniqueKeysWithValues: layers.flatMap { $0 }.map { ($0.weight, $0) })
    count = end
  }

  /// A starts random, B at zero: W' = W.
  func initialise(_ block: AlignedBuffer, seed: UInt64) {
    for (index, layer) in layers.enumerated() {
      var random = SplitMix64(seed: seed, purpose: .initialValues, number: index)
      for pair in layer {
        let deviation = 1 / Float(pair.columns).squareRoot()
        for i in 0..<rank * pair.columns { block.floats[pair.a + i] = random.initialValue() * deviation }
      }
    }
  }

  /// weights = base + s B A for every matrix; other weights are left alone.
  package func merge(_ block: AlignedBuffer, base: AlignedBuffer, into weights: AlignedBuffer) {
    let pairs = layers.flatMap { $0 }
    let scaled = ScratchPool(floatCount: pairs.map { $0.rows * rank }.max() ?? 0)
    team.run(chunks: pairs.count) { index in
      let pair = pairs[index]
      let target = weights.floats + pair.weight
      target.update(from: base.floats + pair.weight, count: pair.rows * pair.columns)
      scaled.withBlock { b in
        for i in 0..<pair.rows * rank { b[i] = block.floats[pair.b + i] * scale }
        // [N, K] += [N, r] [r, K]
        LinearMath(rows: pair.rows, inputs: pair.columns, outputs: rank).inputGradient(
          b, block.floats + pair.a, into: target, adding: true)
      }
    }
  }

  /// The factors of the matrix at `weight` in the layout.
  package func pair(at weight: Int) -> Pair? { byWeight[weight] }
}
