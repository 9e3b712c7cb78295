import RouterCheckpoint
import RouterTensor

/// Working memory for the keys and values of skipped layers: rows of their own for each layer, since every layer
/// normalises the hidden state with weights of its own.
struct PropagationScratch {
  /// Rows that share a read of the weights.
  static let rows = 8

  let codes: [QuantizedActivations]
  private let normedRows: AlignedBuffer
  private let keyRows: AlignedBuffer
  private let valueRows: AlignedBuffer
  private let width: Int
  private let keyWidth: Int

  init(configuration: ModelConfiguration, layers: Int) {
    width = configuration.width
    keyWidth = configuration.keyValueWidth
    normedRows = AlignedBuffer(byteCount: layers * Self.rows * width * 4)
    keyRows = AlignedBuffer(byteCount: layers * Self.rows * keyWidth * 4)
    valueRows = AlignedBuffer(byteCount: layers * Self.rows * keyWidth * 4)
    let capacity = Self.rows * width
    codes = (0..<layers).map { _ in QuantizedActivations(capacity: capacity) }
  }

  /// f32 `[rows, D]`
  func normed(_ layer: Int) -> UnsafeMutablePointer<Float> {
    normedRows.pointer.assumingMemoryBound(to: Float.self) + layer * Self.rows * width
  }

  /// f32 `[rows, G * K]`
  func key(_ layer: Int) -> UnsafeMutablePointer<Float> {
    keyRows.pointer.assumingMemoryBound(to: Float.self) + layer * Self.rows * keyWidth
  }

  /// f32 `[rows, G * K]`
  func value(_ layer: Int) -> UnsafeMutablePointer<Float> {
    valueRows.pointer.assumingMemoryBound(to: Float.self) + layer * Self.rows * keyWidth
  }
}
