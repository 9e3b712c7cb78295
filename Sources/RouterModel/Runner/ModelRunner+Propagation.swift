import RouterCheckpoint
import RouterTensor

// What a token leaves behind in the layers that it did not run.
extension ModelRunner {
  /// Fills the keys and values of the layers that tokens in flight did not run, from their hidden state: each skipped
  /// layer's own norm, W_K and W_V (CALM, arXiv 2207.07061, section 3.1).
  ///
  /// - Parameters:
  ///   - rows: tokens in flight, all at one depth.
  ///   - depthLimit: the layers that their sequences ever run.
  package func propagate(_ rows: [(sequence: ModelSequence, row: Int)], to depthLimit: Int) {
    var rest = rows[...]
    while !rest.isEmpty {
      propagate(rest.prefix(PropagationScratch.rows), to: depthLimit)
      rest = rest.dropFirst(PropagationScratch.rows)
    }
  }

  private func propagate(_ rows: ArraySlice<(sequence: ModelSequence, row: Int)>, to depthLimit: Int) {
    let configuration = model.configuration
    let (width, keyWidth) = (configuration.width, configuration.keyValueWidth)
    let depth = rows.first.map { $0.sequence.ledger.depths[$0.row] } ?? depthLimit
    precondition(rows.allSatisfy { $0.sequence.ledger.depths[$0.row] == depth }, "rows at other depths")
    let skipped = depth..<depthLimit
    let pairs = skipped.map { number in
      let (layer, normed) = (model.weights.layers[number], propagation.normed(number))
      for (index, row) in rows.enumerated() {
        model.matmul.kernels.rmsNorm(
          row.sequence.state(row: row.row), weight: layer.inputNorm, count: width,
          epsilon: configuration.normEpsilon, into: normed + index * width)
      }
      return (
        input: UnsafePointer(normed),
        products: [
          MatrixProduct(layer.key, into: propagation.key(number)),
          MatrixProduct(layer.value, into: propagation.value(number)),
        ]
      )
    }
    model.matmul.multiplyEach(pairs, rows: rows.count, codes: propagation.codes)
    for layer in skipped {
      for (index, (sequence, row)) in rows.enumerated() {
        store(
          key: propagation.key(layer) + index * keyWidth, value: propagation.value(layer) + index * keyWidth,
          biases: model.weights.layers[layer].biases, position: sequence.position + row, layer: layer,
          in: sequence.blocks, sequence.layout)
      }
    }
  }
}
