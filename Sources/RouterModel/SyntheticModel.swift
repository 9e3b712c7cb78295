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
  /// Norms are 1, biases 0, and products keep the scale of their input, so activations grow like the square root of the
  /// depth and logits stay finite.
  ///
  /// - Precondition: every dimension of the configuration that a matrix takes its input from is a multiple of 32.
  package static func make(
    _ configuration: ModelConfiguration, quantization: Quantization, seed: UInt64 = 1, matmul: Matmul
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
    let head = matrix(table[.head], .q8)
    let weights = LlamaWeights(
      table, layerCount: configuration.layerCount,
      matrix: { entry in
        switch entry.part {
        case .head: head
        case .embedding where configuration.tiedHead: head
        default: matrix(entry, quantization.layers)
        }
      },
      vector: { entry in
        entry.part.isBias ? AlignedBuffer(byteCount: entry.elementCount * 4) : norm
      })
    return LlamaModel(
      configuration: configuration, exits: Array(1...configuration.layerCount), weights: weights,
      matmul: matmul)
  }
}
