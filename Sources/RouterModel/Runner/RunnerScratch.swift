import RouterCheckpoint
import RouterTensor

/// Working memory of a runner for up to `rows` rows at a time.
struct RunnerScratch {
  /// f32 `[rows, D]`: the normalised input of a block, or of the head.
  let normed: UnsafeMutablePointer<Float>
  /// f32 `[rows, D]`: what an exit's adapter makes of a state.
  let adapted: UnsafeMutablePointer<Float>
  /// f32 `[rows, H * K]`
  let query: UnsafeMutablePointer<Float>
  /// f32 `[rows, G * K]`
  let key: UnsafeMutablePointer<Float>
  /// f32 `[rows, G * K]`
  let value: UnsafeMutablePointer<Float>
  /// f32 `[rows, H * K]`: the heads' weighted sums of values.
  let attended: UnsafeMutablePointer<Float>
  /// f32 `[rows, F]`
  let gate: UnsafeMutablePointer<Float>
  /// f32 `[rows, F]`
  let up: UnsafeMutablePointer<Float>
  let codes: QuantizedActivations
  /// Of `[rows, F]`: the input of a feed-forward block's last product.
  let gatedCodes: QuantizedActivations

  private let memory: AlignedBuffer

  init(configuration: ModelConfiguration, rows: Int) {
    let (queryWidth, keyWidth) = (configuration.queryWidth, configuration.keyValueWidth)
    let (width, inner) = (configuration.width, configuration.feedForwardWidth)
    let widths = [width, width, queryWidth, keyWidth, keyWidth, queryWidth, inner, inner]
    // Each part starts on a cache line.
    let sizes = widths.map { (rows * $0 + 15) / 16 * 16 }
    memory = AlignedBuffer(byteCount: sizes.reduce(0, +) * 4)
    let base = memory.pointer.assumingMemoryBound(to: Float.self)
    let starts = sizes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    normed = base + starts[0]
    adapted = base + starts[1]
    query = base + starts[2]
    key = base + starts[3]
    value = base + starts[4]
    attended = base + starts[5]
    gate = base + starts[6]
    up = base + starts[7]
    codes = QuantizedActivations(capacity: rows * max(width, queryWidth, inner))
    gatedCodes = QuantizedActivations(capacity: rows * inner)
  }
}
