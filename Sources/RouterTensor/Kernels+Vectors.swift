import CRouterKernels

extension Kernels {
  /// `output[i] = input[i] / rms(input) * weight[i]`, f32 `[count]`, with `epsilon` under the root.
  package func rmsNorm(
    _ input: UnsafePointer<Float>, weight: AlignedBuffer, count: Int, epsilon: Float,
    into output: UnsafeMutablePointer<Float>
  ) {
    precondition(weight.byteCount >= count * 4, "norm weight [\(weight.byteCount / 4)] for [\(count)]")
    table.pointee.rms_norm(
      input, weight.pointer.assumingMemoryBound(to: Float.self), count, epsilon, output)
  }

  /// `target[i] += term[i]`, f32 `[count]`.
  package func add(_ term: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
    table.pointee.add(target, term, count)
  }

  /// `target[i] += bias[i]`, f32 `[count]`.
  package func add(_ bias: AlignedBuffer, to target: UnsafeMutablePointer<Float>, count: Int) {
    precondition(bias.byteCount >= count * 4, "bias [\(bias.byteCount / 4)] for [\(count)]")
    table.pointee.add(target, bias.pointer.assumingMemoryBound(to: Float.self), count)
  }

  /// `gate[i] = silu(gate[i]) * up[i]`, f32 `[count]`.
  package func siluMultiply(_ gate: UnsafeMutablePointer<Float>, by up: UnsafePointer<Float>, count: Int) {
    table.pointee.silu_multiply(gate, up, count)
  }

  /// Rotates one head f32 `[K]` in place: pairs `(i, i + K / 2)` by the angles of `cosines` and `sines` `[K / 2]`.
  package func rotate(
    _ head: UnsafeMutablePointer<Float>, cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>,
    width: Int
  ) {
    table.pointee.rotate(head, cosines, sines, width)
  }

  /// ``rmsNorm(_:weight:count:epsilon:into:)``, quantised: the same codes as in two steps.
  ///
  /// - Parameters:
  ///   - input: f32 `[count]`, a multiple of 32.
  ///   - codes: receives them as its row `row`.
  package func rmsNorm(
    _ input: UnsafePointer<Float>, weight: AlignedBuffer, count: Int, epsilon: Float,
    into codes: QuantizedActivations, row: Int
  ) {
    precondition(weight.byteCount >= count * 4, "norm weight [\(weight.byteCount / 4)] for [\(count)]")
    let target = codes.row(row, columns: count)
    table.pointee.rms_norm_quantize(
      input, weight.pointer.assumingMemoryBound(to: Float.self), count, epsilon, target.codes, target.scales,
      target.sums)
  }

  /// ``siluMultiply(_:by:count:)``, quantised row by row: the same codes as in two steps.
  ///
  /// - Parameters:
  ///   - gate: f32 `[M, count]`; `count` is a multiple of 32.
  ///   - up: f32 `[M, count]`.
  ///   - codes: receives the rows `rows` at their places.
  package func siluMultiply(
    _ gate: UnsafePointer<Float>, by up: UnsafePointer<Float>, rows: Range<Int>, count: Int,
    into codes: QuantizedActivations
  ) {
    for row in rows {
      let target = codes.row(row, columns: count)
      table.pointee.silu_multiply_quantize(
        gate + row * count, up + row * count, count, target.codes, target.scales, target.sums)
    }
  }
}
