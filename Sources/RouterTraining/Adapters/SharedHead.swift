import RouterCheckpoint
import RouterModel
import RouterTensor

/// The final norm and the head that every exit shares, in f32.
final class SharedHead: Sendable {
  /// V.
  let vocabularySize: Int
  /// D.
  let width: Int
  let normEpsilon: Float
  /// f32 `[D]`
  let norm: AlignedBuffer
  /// f32 `[V, D]`
  let weight: AlignedBuffer

  /// Decodes the head of `model`.
  init(_ model: LlamaModel) {
    vocabularySize = model.configuration.vocabularySize
    width = model.configuration.width
    normEpsilon = model.configuration.normEpsilon
    norm = model.weights.finalNorm
    weight = AlignedBuffer(floats: vocabularySize * width)
    for token in 0..<vocabularySize {
      model.weights.head.decodeRow(token, into: weight.floats + token * width)
    }
  }

  /// y `[M, D]`: the final norm of h = scale z, z `[M, D]`, one scale for each row.
  ///
  /// Norming z with epsilon / scale^2 is norming h with epsilon. Returns the rows' r for the backward pass.
  func normalise(
    _ z: UnsafePointer<Float>, scales: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>,
    roots: UnsafeMutablePointer<Float>
  ) {
    for m in 0..<rows {
      roots[m] = NormMath.forward(
        z + m * width, weight: norm.floats, count: width, epsilon: normEpsilon / (scales[m] * scales[m]),
        into: y + m * width)
    }
  }
}
