import CRouterKernels

/// Room for rows of activations f32 `[M, K]` in their 8-bit form.
///
/// Mutable scratch of one session; not shared.
package final class QuantizedActivations {
  private let codes: AlignedBuffer
  private let scales: AlignedBuffer
  private let sums: AlignedBuffer
  private let capacity: Int

  /// Makes room for `capacity` elements, a multiple of 32.
  package init(capacity: Int) {
    self.capacity = (capacity + 31) / 32 * 32
    codes = AlignedBuffer(byteCount: self.capacity)
    scales = AlignedBuffer(byteCount: self.capacity / 32 * 4)
    sums = AlignedBuffer(byteCount: self.capacity / 32 * 4)
  }

  /// Quantises f32 `[M, K]`; `K` is a multiple of 32.
  func fill(
    from source: UnsafePointer<Float>, rows: Int, columns: Int, kernels: Kernels, team: ThreadTeam
  ) {
    precondition(rows * columns <= capacity && columns % 32 == 0, "[\(rows), \(columns)] exceeds the scratch")
    let view = view
    let rowsPerChunk = max(1, 8192 / columns)
    team.run(chunks: (rows + rowsPerChunk - 1) / rowsPerChunk) { chunk in
      let first = chunk * rowsPerChunk
      let offset = first * columns
      kernels.table.pointee.quantize(
        source + offset, min(rowsPerChunk, rows - first), columns,
        UnsafeMutablePointer(mutating: view.codes + offset),
        UnsafeMutablePointer(mutating: view.scales + offset / 32),
        UnsafeMutablePointer(mutating: view.sums + offset / 32))
    }
  }

  /// Where `rows` rows of `columns` columns are kept, one after the other.
  func rows(_ rows: Int, columns: Int) -> (
    codes: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    precondition(rows * columns <= capacity && columns % 32 == 0, "[\(rows), \(columns)] exceeds the scratch")
    return (
      codes.pointer.assumingMemoryBound(to: Int8.self), scales.pointer.assumingMemoryBound(to: Float.self),
      sums.pointer.assumingMemoryBound(to: Float.self)
    )
  }

  /// Where row `row` of a matrix with `columns` columns is kept.
  func row(_ row: Int, columns: Int) -> (
    codes: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    let places = rows(row + 1, columns: columns)
    let group = row * columns / 32
    return (places.codes + row * columns, places.scales + group, places.sums + group)
  }

  /// The codes of row `row` of a matrix with `columns` columns.
  func view(row: Int, columns: Int) -> rk_activations {
    let place = self.row(row, columns: columns)
    return rk_activations(
      codes: UnsafePointer(place.codes), scales: UnsafePointer(place.scales), sums: UnsafePointer(place.sums))
  }

  var view: rk_activations {
    rk_activations(
      codes: UnsafePointer(codes.pointer.assumingMemoryBound(to: Int8.self)),
      scales: UnsafePointer(scales.pointer.assumingMemoryBound(to: Float.self)),
      sums: UnsafePointer(sums.pointer.assumingMemoryBound(to: Float.self)))
  }
}
