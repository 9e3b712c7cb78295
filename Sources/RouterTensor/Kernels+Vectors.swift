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

  /// One head's attention: `output = softmax(scale * query . keys) . values`.
  ///
  /// - Parameters:
  ///   - query: f32 `[K]`.
  ///   - keys: f32 `[count, K]`.
  ///   - values: f32 `[count, K]`.
  ///   - scores: room for f32 `[count]`.
  ///   - output: f32 `[K]`.
  package func attend(
    query: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int,
    width: Int, scale: Float, scores: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    table.pointee.attend(query, keys, values, count, width, scale, scores, output)
  }
}
