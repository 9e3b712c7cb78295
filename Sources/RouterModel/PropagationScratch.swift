import RouterCheckpoint
import RouterTensor

/// Working memory for the keys and values of skipped layers: one row for each layer, since every layer
/// normalises the hidden state with weights of its own.
struct PropagationScratch {
  let codes: [QuantizedActivations]
  private let normedRows: AlignedBuffer
  private let keyRows: AlignedBuffer
  private let valueRows: AlignedBuffer
  private let width: Int
  private let keyWidth: Int

  init(configuration: ModelConfiguration, layers: Int) {
    width = configuration.width
    keyWidth = configuration.keyValueWidth
    normedRows = AlignedBuffer(byteCount: layers * width * 4)
    keyRows = AlignedBuffer(byteCount: layers * keyWidth * 4)
    valueRows = AlignedBuffer(byteCount: layers * keyWidth * 4)
    let capacity = width
    codes = (0..<layers).map { _ in QuantizedActivations(capacity: capacity) }
  }

  /// f32 `[D]`
  func normed(_ layer: Int) -> UnsafeMutablePointer<Float> {
    normedRows.pointer.assumingMemoryBound(to: Float.self) + layer * width
  }

  /// f32 `[G * K]`
  func key(_ layer: Int) -> UnsafeMutablePointer<Float> {
    keyRows.pointer.assumingMemoryBound(to: Float.self) + layer * keyWidth
  }

  /// f32 `[G * K]`
  func value(_ layer: Int) -> UnsafeMutablePointer<Float> {
    valueRows.pointer.assumingMemoryBound(to: Float.self) + layer * keyWidth
  }
}
