import RouterCheckpoint
import RouterTensor

/// Models of any shape with pseudo-random weights: as fast as real ones, and as large, but without sense.
package enum SyntheticModel {
  /// How the weights are encoded.
  package enum Quantization: String, Sendable, CaseIterable {
    /// Layers and a separate embedding q4, the head q8.
    case q4
    /// Everything q8.
    case q8

    fileprivate var layers: WeightEncoding { self == .q4 ? .q4 : .q8 }
  }

  /// Makes a model of which every layer is an exit.
  ///
  /// Norms are 1 and products keep the scale of their input, so activations grow like the square root of the
  /// depth and logits stay finite.
  ///
  /// - Precondition: every dimension of the configuration that a matrix takes its input from is a multiple of 32.
  package static func make(
    _ configuration: ModelConfiguration, quantization: Quantization, seed: UInt64 = 1, matmul: Matmul
  ) -> LlamaModel {
    let c = configuration
    var next = seed
    func matrix(_ rows: Int, _ columns: Int, _ encoding: WeightEncoding) -> WeightMatrix {
      next += 1
      return .random(rows: rows, columns: columns, encoding: encoding, seed: next, team: matmul.team)
    }
    let norm = AlignedBuffer(byteCount: c.width * 4)
    norm.elements(of: Float.self).update(repeating: 1)
    let head = matrix(c.vocabularySize, c.width, .q8)
    let embedding = c.tiedHead ? head : matrix(c.vocabularySize, c.width, quantization.layers)
    let (queryWidth, keyWidth) = (c.headCount * c.headWidth, c.keyValueHeadCount * c.headWidth)
    let layers = (0..<c.layerCount).map { _ in
      LlamaWeights.Layer(
        inputNorm: norm, query: matrix(queryWidth, c.width, quantization.layers),
        key: matrix(keyWidth, c.width, quantization.layers),
        value: matrix(keyWidth, c.width, quantization.layers), biases: nil,
        output: matrix(c.width, queryWidth, quantization.layers), postAttentionNorm: norm,
        gate: matrix(c.feedForwardWidth, c.width, quantization.layers),
        up: matrix(c.feedForwardWidth, c.width, quantization.layers),
        down: matrix(c.width, c.feedForwardWidth, quantization.layers))
    }
    return LlamaModel(
      configuration: c, exits: Array(1...c.layerCount),
      weights: LlamaWeights(embedding: embedding, finalNorm: norm, head: head, layers: layers),
      matmul: matmul)
  }
}
