import RouterTensor

/// A tensor in a source file, and how its rows stand there.
package struct SourceTensor: Sendable {
  /// The order of rows in the source.
  package enum RowOrder: Sendable, Equatable {
    /// As the checkpoint stores them.
    case same
    /// As llama.cpp's converter leaves q and k of the architecture "llama": within each head of `headWidth` rows,
    /// row 2j + s of the source is row s * headWidth / 2 + j of the checkpoint (s is 0 or 1).
    case interleavedHeads(headWidth: Int)
  }

  let file: InputFile
  /// Name in the source.
  let name: String
  let encoding: SourceEncoding
  /// `[N, K]` or `[N]`.
  package let shape: [Int]
  /// Absolute offset of the first byte.
  let offset: Int
  var rowOrder = RowOrder.same

  package init(
    file: InputFile, name: String, encoding: SourceEncoding, shape: [Int], offset: Int,
    rowOrder: RowOrder = .same
  ) {
    self.file = file
    self.name = name
    self.encoding = encoding
    self.shape = shape
    self.offset = offset
    self.rowOrder = rowOrder
  }

  /// Rows N: a vector `[N]` has N rows of one element, so that reordering works on biases, too.
  var rows: Int { shape.first ?? 0 }
  /// Columns K, 1 for a vector.
  var columns: Int { shape.count > 1 ? shape[1] : 1 }

  /// Bytes of a row.
  var rowByteCount: Int {
    guard let count = encoding.rowByteCount(columns: columns) else {
      preconditionFailure("readers accept whole rows of blocks only")
    }
    return count
  }

  /// Reads all rows in the checkpoint's order, some at a time.
  ///
  /// - Parameters:
  ///   - unit: a multiple of which, in rows, `body` wants to get (except at the end).
  ///   - body: receives the rows' indices in the checkpoint's order and their bytes.
  func forEachChunk(
    unit: Int = 1, _ body: (Range<Int>, UnsafeRawBufferPointer) throws(ImportError) -> Void
  ) throws(ImportError) {
    var step = unit
    if case .interleavedHeads(let headWidth) = rowOrder { step = headWidth }
    let chunkRows = min(rows, max(1, (1 << 20) / (step * rowByteCount)) * step)
    let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkRows * rowByteCount, alignment: 64)
    defer { raw.deallocate() }
    let ordered = UnsafeMutableRawBufferPointer.allocate(
      byteCount: rowOrder == .same ? 0 : raw.count, alignment: 64)
    defer { ordered.deallocate() }

    var start = 0
    while start < rows {
      let range = start..<min(rows, start + chunkRows)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: raw[..<(range.count * rowByteCount)])
      try file.read(at: offset + start * rowByteCount, into: bytes)
      if case .interleavedHeads(let headWidth) = rowOrder {
        let target = UnsafeMutableRawBufferPointer(rebasing: ordered[..<bytes.count])
        separateHalves(UnsafeRawBufferPointer(bytes), headWidth: headWidth, into: target)
        try body(range, UnsafeRawBufferPointer(target))
      } else {
        try body(range, UnsafeRawBufferPointer(bytes))
      }
      start = range.upperBound
    }
  }

  /// Moves the rows of whole heads from interleaved to rotate-half order.
  private func separateHalves(
    _ source: UnsafeRawBufferPointer, headWidth: Int, into target: UnsafeMutableRawBufferPointer
  ) {
    let size = rowByteCount
    for row in 0..<source.count / size {
      let within = row % headWidth
      let stored = row - within + 2 * (within % (headWidth / 2)) + within / (headWidth / 2)
      let slice = UnsafeRawBufferPointer(rebasing: source[stored * size..<(stored + 1) * size])
      UnsafeMutableRawBufferPointer(rebasing: target[row * size..<(row + 1) * size]).copyMemory(from: slice)
    }
  }

  /// The error for an element that no model can use.
  func nonFinite() -> ImportError {
    ImportError(
      .malformed, "the tensor holds a weight, scale or minimum that is not a finite number in its encoding",
      at: .init(file: file.name, item: name, offset: offset),
      remedy: "The source is damaged, or overflowed when it was converted: obtain it again.")
  }
}
