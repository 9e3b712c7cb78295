/// Working memory for products with one ``MatrixScreen``; mutable scratch of one session, not shared.
package final class ScreenScratch {
  /// Inputs that are scored at a time, at most.
  package static let inputLimit = 16

  /// What the inputs that were scored last contribute to bounds; nil for one that has none.
  package var reaches: [ScreenReach?] = []
  /// f32 `[inputs, stride]`: the largest approximate product of each block.
  let tops: UnsafeMutablePointer<Float>
  /// f32 `[inputs, stride]`: what the products of each block reach at most.
  package let ceilings: UnsafeMutablePointer<Float>
  /// N / 16, rounded up to a multiple of 16.
  let stride: Int
  /// f32 `[N]`: exact products, of the blocks that were asked for.
  let exact: UnsafeMutablePointer<Float>
  /// f32 `[K]`: the input as its codes have it.
  package let input: UnsafeMutablePointer<Float>
  /// f32 `[directions]`: the input's part in the screen's directions.
  let inside: UnsafeMutablePointer<Float>

  private let memory: AlignedBuffer
  private let directionCount: Int
  private let rows: Int

  /// Makes room for the products of one screen.
  package init(for screen: MatrixScreen) {
    stride = (screen.blockCount + 15) / 16 * 16
    directionCount = screen.directionCount
    rows = screen.matrix.rows
    let scores = 2 * Self.inputLimit * stride
    memory = AlignedBuffer(
      byteCount: (scores + 16 * stride + screen.matrix.columns + (directionCount + 15) / 16 * 16) * 4)
    tops = memory.pointer.assumingMemoryBound(to: Float.self)
    ceilings = tops + scores / 2
    exact = tops + scores
    input = exact + 16 * stride
    inside = input + screen.matrix.columns
    // What lies past the last block takes no part.
    tops.update(repeating: -.infinity, count: scores)
  }

  /// Whether this scratch was made for a screen of this shape.
  func fits(_ screen: MatrixScreen) -> Bool {
    rows == screen.matrix.rows && directionCount == screen.directionCount
  }
}
