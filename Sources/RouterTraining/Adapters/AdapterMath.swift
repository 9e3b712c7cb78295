import Foundation
import RouterCheckpoint

/// One exit's adapter on a block of unit states: z' = z + f(z), forward and backward.
package struct AdapterMath {
  let kind: ExitAdapterKind
  /// D.
  let width: Int

  package init(kind: ExitAdapterKind, width: Int) {
    self.kind = kind
    self.width = width
  }

  /// z' `[M, D]` from z `[M, D]`.
  ///
  /// - Parameters:
  ///   - parameters: f32, the adapter's parts one after another.
  ///   - scratch: f32 `[M, scratchWidth]`, kept for the backward pass: three blocks `[M, m]`, which are the
  ///     gate's and the up projection's outputs and their gated product.
  package func forward(
    _ z: UnsafePointer<Float>, rows: Int, parameters: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    output.update(from: z, count: rows * width)
    switch kind {
    case .linear:
      LinearMath(rows: rows, inputs: width, outputs: width).forward(z, parameters, into: output, adding: true)
      let bias = parameters + width * width
      for m in 0..<rows { Vectors.add(bias, to: output + m * width, width) }
    case .gated(let inner):
      let part = width * inner
      let (gate, up, product) = (scratch, scratch + rows * inner, scratch + 2 * rows * inner)
      let wide = LinearMath(rows: rows, inputs: width, outputs: inner)
      wide.forward(z, parameters, into: gate)
      wide.forward(z, parameters + part, into: up)
      GatedUnit.forward(gate: gate, up: up, into: product, count: rows * inner)
      LinearMath(rows: rows, inputs: inner, outputs: width).forward(
        product, parameters + 2 * part, into: output, adding: true)
    }
  }

  /// Adds the parameters' gradients, given that of z', `[M, D]`.
  ///
  /// - Parameters:
  ///   - scratch: as ``forward(_:rows:parameters:scratch:into:)`` left it; overwritten.
  ///   - room: f32 `[M, m]` for a gated adapter.
  ///   - dInput: f32 `[M, D]`, which receives the gradient of z; nil where the trunk is frozen.
  package func backward(
    _ dOutput: UnsafePointer<Float>, z: UnsafePointer<Float>, rows: Int, parameters: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>,
    gradients: UnsafeMutablePointer<Float>, dInput: UnsafeMutablePointer<Float>? = nil
  ) {
    dInput?.update(from: dOutput, count: rows * width)
    switch kind {
    case .linear:
      let linear = LinearMath(rows: rows, inputs: width, outputs: width)
      linear.weightGradient(dOutput, z, into: gradients)
      for m in 0..<rows { Vectors.add(dOutput + m * width, to: gradients + width * width, width) }
      if let dInput { linear.inputGradient(dOutput, parameters, into: dInput, adding: true) }
    case .gated(let inner):
      let part = width * inner
      let (gate, up, product) = (scratch, scratch + rows * inner, scratch + 2 * rows * inner)
      let narrow = LinearMath(rows: rows, inputs: inner, outputs: width)
      narrow.weightGradient(dOutput, product, into: gradients + 2 * part)
      narrow.inputGradient(dOutput, parameters + 2 * part, into: room)
      GatedUnit.backward(dProduct: room, gate: gate, up: up, count: rows * inner)
      let wide = LinearMath(rows: rows, inputs: width, outputs: inner)
      wide.weightGradient(gate, z, into: gradients)
      wide.weightGradient(up, z, into: gradients + part)
      if let dInput {
        wide.inputGradient(gate, parameters, into: dInput, adding: true)
        wide.inputGradient(up, parameters + part, into: dInput, adding: true)
      }
    }
  }
}
