import RouterCheckpoint
import RouterModel
import RouterTensor

/// A model's weights in f32, in the order of a ``ParameterLayout``.
package enum ModelWeights {
  /// Decodes the weights of `model` into `block`, f32 `[layout.count]`.
  package static func copy(_ model: LlamaModel, layout: ParameterLayout, into block: AlignedBuffer) {
    let linear = TeamLinear(team: model.matmul.team)
    for parameter in layout.parameters {
      let target = block.floats + parameter.offset
      switch model.weights[parameter.entry.part] {
      case .matrix(let matrix):
        linear.forEachBlock(of: matrix.rows, 256) { first, count in
          for row in first..<first + count {
            matrix.decodeRow(row, into: target + row * matrix.columns)
          }
        }
      case .vector(let vector): target.update(from: vector.floats, count: parameter.count)
      case nil: preconditionFailure("the model has no \(parameter.entry.name)")
      }
    }
  }
}
