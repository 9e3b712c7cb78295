/// Working memory for products with one ``MatrixScreen``; mutable scratch of one session, not shared.
package final class ScreenScratch {
  /// f32 `[N / 16]`: the largest approximate product of each block.
  let tops: UnsafeMutablePointer<Float>
  /// f32 `[N / 16]`: what the products of each block reach at most.
  let ceilings: UnsafeMutablePointer<Float>
  /// f32 `[N]`: exact products, of the blocks that were asked for.
  let exact: UnsafeMutablePointer<Float>
  /// f32 `[K]`: the input as its codes have it.
  let input: UnsafeMutablePointer<Float>
  /// f32 `[directions]`: the input's part in the screen's directions.
  let inside: UnsafeMutablePointer<Float>
  /// Blocks that can hold the largest product, ascending.
  var candidates: [Int] = []

  private let memory: AlignedBuffer
  private let directionCount: Int
  private let rows: Int

  /// Makes room for the products of one screen.
  package init(for screen: MatrixScreen) {
    let blocks = (screen.blockCount + 15) / 16 * 16
    directionCount = screen.directionCount
    rows = screen.matrix.rows
    memory = AlignedBuffer(
      byteCount: (18 * blocks + screen.matrix.columns + (directionCount + 15) / 16 * 16) * 4)
    tops = memory.pointer.assumingMemoryBound(to: Float.self)
    ceilings = tops + blocks
    exact = ceilings + blocks
    input = exact + 16 * blocks
    inside = input + screen.matrix.columns
    // What lies past the last block takes no part.
    tops.update(repeating: -.infinity, count: 2 * blocks)
  }

  /// Whether this scratch was made for a screen of this shape.
  func fits(_ screen: MatrixScreen) -> Bool {
    rows == screen.matrix.rows && directionCount == screen.directionCount
  }
}
