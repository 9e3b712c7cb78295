import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct AdapterPassTests {
  private let width = 24
  private let rows = 3

  /// h' of `states`.
  private func adapted(
    _ kind: ExitAdapterKind, states: [Float], parameters: [Float]
  ) -> [Float] {
    let (block, values) = (AlignedBuffer(holding: states), AlignedBuffer(holding: parameters))
    let gradients = AlignedBuffer(floats: parameters.count)
    AdapterPass(kind: kind, width: width, capacity: rows).forward(
      block.floats, rows: rows, .init(parameters: values.floats, gradients: gradients.floats))
    return Array(block.elements(of: Float.self))
  }

  /// States of several magnitudes: the adapter works on unit states, so each row has another scale.
  private var states: [Float] {
    FixtureWeights.units("states", count: rows * width).enumerated().map { $1 * [0.1, 1, 30][$0 / width] }
  }

  @Test(arguments: [ExitAdapterKind.linear, .gated(inner: 7)])
  func theTrunksGradientIsThatOfFiniteDifferences(_ kind: ExitAdapterKind) {
    let parameters = FixtureWeights.units("parameters", count: kind.parameterCount(width: width)).map {
      $0 * 0.4
    }
    let coefficients = FixtureWeights.units("coefficients", count: rows * width)
    let pass = AdapterPass(kind: kind, width: width, capacity: rows)
    let (block, values) = (AlignedBuffer(holding: states), AlignedBuffer(holding: parameters))
    let gradients = AlignedBuffer(floats: parameters.count)
    let adapter = AdapterPass.Adapter(parameters: values.floats, gradients: gradients.floats)
    pass.forward(block.floats, rows: rows, adapter)
    let gradient = AlignedBuffer(holding: coefficients)
    pass.backward(gradient.floats, rows: rows, adapter)
    for index in 0..<rows * width {
      let step: Float = [1e-3, 1e-2, 0.3][index / width]
      var (ahead, behind) = (states, states)
      ahead[index] += step
      behind[index] -= step
      let moved = zip(
        adapted(kind, states: ahead, parameters: parameters),
        adapted(kind, states: behind, parameters: parameters)
      ).map { Double($0) - Double($1) }
      let measured = zip(coefficients, moved).reduce(0.0) { $0 + Double($1.0) * $1.1 } / Double(2 * step)
      #expect(abs(Double(gradient.floats[index]) - measured) < 5e-3, "state \(index)")
    }
  }

  @Test func anAdapterOfZerosChangesNeitherStatesNorGradients() {
    for kind in [ExitAdapterKind.linear, .gated(inner: 7)] {
      let zeros = AlignedBuffer(holding: [Float](repeating: 0, count: kind.parameterCount(width: width)))
      let gradients = AlignedBuffer(floats: zeros.floatCount)
      let adapter = AdapterPass.Adapter(parameters: zeros.floats, gradients: gradients.floats)
      let pass = AdapterPass(kind: kind, width: width, capacity: rows)
      let (block, gradient) = (AlignedBuffer(holding: states), AlignedBuffer(holding: states))
      pass.forward(block.floats, rows: rows, adapter)
      pass.backward(gradient.floats, rows: rows, adapter)
      for (index, state) in states.enumerated() {
        #expect(abs(block.floats[index] - state) < 1e-5 * max(1, abs(state)), "\(kind)")
        #expect(abs(gradient.floats[index] - state) < 1e-4 * max(1, abs(state)), "\(kind)")
      }
    }
  }
}
