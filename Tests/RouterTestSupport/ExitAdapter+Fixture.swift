import RouterCheckpoint
import RouterModel
import RouterTensor

extension ExitAdapter {
  /// The adapter of an exit with the weights of the fixtures, in f32.
  package init(fixture kind: ExitAdapterKind, exit: Int, width: Int) {
    let parts = kind.parts(width: width).map { part in
      let name = TensorName.adapter(exit: exit, part.name)
      let elements = FixtureWeights.elements(of: name, count: part.shape.reduce(1, *))
      return (buffer: AlignedBuffer(holding: elements), shape: part.shape)
    }
    func matrix(_ index: Int) -> WeightMatrix {
      let (buffer, shape) = parts[index]
      return WeightMatrix(EncodedMatrix(.f32, elements: buffer, rows: shape[0], columns: shape[1]))
    }
    switch kind {
    case .linear: self = .linear(weight: matrix(0), bias: parts[1].buffer)
    case .gated: self = .gated(gate: matrix(0), up: matrix(1), down: matrix(2))
    }
  }
}
