import RouterCheckpoint
import RouterTensor

/// What the forward pass of one layer leaves for its backward pass, for up to `capacity` rows.
final class LayerActivations {
  /// f32 `[T, H K]`, rotated.
  let query: UnsafeMutablePointer<Float>
  /// f32 `[T, G K]`, rotated.
  let key: UnsafeMutablePointer<Float>
  /// f32 `[T, G K]`
  let value: UnsafeMutablePointer<Float>
  /// f32 `[T, H K]`: the heads' weighted sums of values.
  let attended: UnsafeMutablePointer<Float>
  /// f32 `[T, D]`: the residual stream between attention and feed-forward block.
  let middle: UnsafeMutablePointer<Float>
  /// f32 `[T, F]`
  let gate: UnsafeMutablePointer<Float>
  /// f32 `[T, F]`
  let up: UnsafeMutablePointer<Float>

  private let memory: AlignedBuffer

  init(_ configuration: ModelConfiguration, capacity: Int) {
    let (width, inner) = (configuration.width, configuration.feedForwardWidth)
    let (queryWidth, keyWidth) = (configuration.queryWidth, configuration.keyValueWidth)
    // Each part starts on a cache line.
    let sizes = [queryWidth, keyWidth, keyWidth, queryWidth, width, inner, inner].map {
      (capacity * $0 + 15) / 16 * 16
    }
    memory = AlignedBuffer(floats: sizes.reduce(0, +))
    var next = memory.floats
    let parts = sizes.map { size in
      defer { next += size }
      return next
    }
    (query, key, value, attended) = (parts[0], parts[1], parts[2], parts[3])
    (middle, gate, up) = (parts[4], parts[5], parts[6])
  }
}
