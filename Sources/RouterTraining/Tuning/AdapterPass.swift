import RouterCheckpoint
import RouterTensor

/// The adapter of an exit on a block of hidden states, forward, and backward down to the trunk.
///
/// With s = sqrt(mean(h^2) + epsilon), z = h / s and z' of ``AdapterMath``, the head reads h' = s z'. From g, the
/// gradient of h', come that of z', s g, thence dz, and dh = (dz - z mean(z dz)) / s + z mean(z' g).
package final class AdapterPass {
  /// One exit's adapter.
  package struct Adapter {
    /// f32, its parts one after another.
    let parameters: UnsafePointer<Float>
    /// f32: what the parameters' gradients are added to.
    let gradients: UnsafeMutablePointer<Float>

    package init(parameters: UnsafePointer<Float>, gradients: UnsafeMutablePointer<Float>) {
      self.parameters = parameters
      self.gradients = gradients
    }
  }

  private let math: AdapterMath
  private let width: Int
  /// f32 `[R, D]` each: z, z', the gradients of z' and z.
  private let units, adapted, dAdapted, dUnits: AlignedBuffer
  /// f32 `[R]`: s.
  private let roots: AlignedBuffer
  /// f32 `[R, scratchWidth]`
  private let scratch: AlignedBuffer
  /// f32 `[R, m]`
  private let room: AlignedBuffer

  /// - Parameter capacity: rows of the largest block, R.
  package init(kind: ExitAdapterKind, width: Int, capacity: Int) {
    math = AdapterMath(kind: kind, width: width)
    self.width = width
    units = AlignedBuffer(floats: capacity * width)
    adapted = AlignedBuffer(floats: capacity * width)
    dAdapted = AlignedBuffer(floats: capacity * width)
    dUnits = AlignedBuffer(floats: capacity * width)
    roots = AlignedBuffer(floats: capacity)
    scratch = AlignedBuffer(floats: capacity * kind.scratchWidth)
    room = AlignedBuffer(floats: capacity * kind.scratchWidth / 3)
  }

  /// Replaces h `[R, D]` by h' `[R, D]`, and keeps what the backward pass needs.
  package func forward(_ states: UnsafeMutablePointer<Float>, rows: Int, _ adapter: Adapter) {
    for row in 0..<rows {
      let (state, unit) = (states + row * width, units.floats + row * width)
      let root = (Vectors.dot(state, state, width) / Float(width) + ExitAdapterKind.epsilon).squareRoot()
      roots.floats[row] = root
      let inverse = 1 / root
      for i in 0..<width { unit[i] = state[i] * inverse }
    }
    math.forward(
      units.floats, rows: rows, parameters: adapter.parameters, scratch: scratch.floats,
      into: adapted.floats)
    for row in 0..<rows {
      let (state, changed) = (states + row * width, adapted.floats + row * width)
      let root = roots.floats[row]
      for i in 0..<width { state[i] = root * changed[i] }
    }
  }

  /// Replaces the gradient of h' by that of h, `[R, D]`, and adds the parameters'; once after each forward pass.
  package func backward(_ dStates: UnsafeMutablePointer<Float>, rows: Int, _ adapter: Adapter) {
    for row in 0..<rows {
      let (g, changed) = (dStates + row * width, dAdapted.floats + row * width)
      let root = roots.floats[row]
      for i in 0..<width { changed[i] = root * g[i] }
    }
    math.backward(
      dAdapted.floats, z: units.floats, rows: rows, parameters: adapter.parameters, scratch: scratch.floats,
      room: room.floats, gradients: adapter.gradients, dInput: dUnits.floats)
    for row in 0..<rows {
      let (g, z) = (dStates + row * width, units.floats + row * width)
      let (changed, dz) = (adapted.floats + row * width, dUnits.floats + row * width)
      let inverse = 1 / roots.floats[row]
      let pull = (Vectors.dot(changed, g, width) - Vectors.dot(z, dz, width) * inverse) / Float(width)
      for i in 0..<width { g[i] = dz[i] * inverse + z[i] * pull }
    }
  }
}
