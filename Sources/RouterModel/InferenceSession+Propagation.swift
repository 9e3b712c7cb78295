import RouterCheckpoint
import RouterTensor

// What a token leaves behind in the layers that it did not run.
extension InferenceSession {
  /// Keys and values of layers `depth + 1` ... `depthLimit` for the tokens in flight, from one hidden state.
  func propagate() {
    let configuration = model.configuration
    let width = configuration.width
    for row in 0..<rowCount {
      let skipped = depth..<depthLimit
      let pairs = skipped.map { index in
        let (layer, normed) = (model.weights.layers[index], propagation.normed(index))
        model.matmul.kernels.rmsNorm(
          scratch.hidden + row * width, weight: layer.inputNorm, count: width,
          epsilon: configuration.normEpsilon, into: normed)
        return (
          input: UnsafePointer(normed),
          products: [
            MatrixProduct(layer.key, into: propagation.key(index)),
            MatrixProduct(layer.value, into: propagation.value(index)),
          ]
        )
      }
      model.matmul.multiplyEach(pairs, rows: 1, codes: propagation.codes)
      for index in skipped {
        store(
          key: propagation.key(index), value: propagation.value(index), row: 0,
          biases: model.weights.layers[index].biases, position: position + row, in: caches[index])
      }
    }
  }
}
