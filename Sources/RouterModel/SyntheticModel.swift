import RouterCheckpoint
import RouterTensor

/// Models of any shape with pseudo-random weights: as fast as real ones, and as large, but without sense.
package enum SyntheticModel {
  /// Makes a model of which every layer is an exit.
  ///
  /// Norms are 1, biases 0, and products keep the scale of their input, so activations grow like the square root of the
  /// depth and logits stay finite.
  ///
  /// - Parameters:
  ///   - encoding: quantised; of the layers, and of a separate embedding. The head has its
  ///     ``WeightEncoding/ofVocabulary``.
  ///   - cacheElement: of keys and values; nil for what fits the model's arithmetic.
  /// - Precondition: every dimension of the configuration that a matrix takes its input from is a multiple of 32.
  package static func make(
    _ configuration: ModelConfiguration, encoding: WeightEncoding, seed: UInt64 = 1, matmul: Matmul,
    cacheElement: CacheElement? = nil
  ) -> LlamaModel {
    let table = TensorTable(configuration)
    var next = seed
    func matrix(_ entry: TensorTable.Entry, _ encoding: WeightEncoding) -> WeightMatrix {
      next += 1
      return .random(
        rows: entry.shape[0], columns: entry.shape[1], encoding: encoding, seed: next, team: matmul.team)
    }
    let norm = AlignedBuffer(byteCount: configuration.width * 4)
    norm.elements(of: Float.self).update(repeating: 1)
    let head = matrix(table[.head], encoding.ofVocabulary)
    let weights = LlamaWeights(
      table, layerCount: configuration.layerCount,
      matrix: { entry in
        switch entry.part {
        case .head: head
        case .embedding where configuration.tiedHead: head
        default: matrix(entry, encoding)
        }
      },
      vector: { entry in
        entry.part.isBias ? AlignedBuffer(byteCount: entry.elementCount * 4) : norm
      })
    return LlamaModel(
      configuration: configuration, exits: Array(1...configuration.layerCount), weights: weights,
      matmul: matmul, cacheElement: cacheElement)
  }
}
