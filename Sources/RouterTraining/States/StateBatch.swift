import RouterTensor

/// Rows of a cache in f32, for all exits.
package final class StateBatch {
  let layout: StateLayout
  /// Rows that there is room for.
  let capacity: Int
  /// Rows that it holds, M.
  private(set) var rows = 0
  /// i32 `[M]`: the token that follows in the text.
  package private(set) var targets: [Int32] = []
  /// i32 `[M, topCount]`: the teacher's most probable tokens, the first being its argmax.
  private(set) var top: [Int32] = []
  private let units: AlignedBuffer
  private let sizes: AlignedBuffer
  private var row: [UInt8]

  package init(layout: StateLayout, capacity: Int) {
    self.layout = layout
    self.capacity = capacity
    units = AlignedBuffer(floats: layout.exits.count * capacity * layout.width)
    sizes = AlignedBuffer(floats: layout.exits.count * capacity)
    row = [UInt8](repeating: 0, count: layout.rowByteCount)
  }

  /// f32 `[M, D]`: h / rms(h) at the exit with 0-based index `exit`.
  package func states(_ exit: Int) -> UnsafeMutablePointer<Float> {
    units.floats + exit * capacity * layout.width
  }

  /// f32 `[M]`: rms(h).
  package func scales(_ exit: Int) -> UnsafeMutablePointer<Float> { sizes.floats + exit * capacity }

  /// The teacher's argmax for row `row`.
  package func argmax(_ row: Int) -> Int32 { top[row * layout.topCount] }

  /// Reads the rows `indices` of `cache`.
  ///
  /// - Throws: ``TrainingError`` `inputOutput`, or `corruptFile` if a token is outside the vocabulary.
  package func load(
    _ indices: some Collection<Int32>, from cache: StateCache, vocabularySize: Int
  ) throws(TrainingError) {
    precondition(indices.count <= capacity && cache.layout == layout)
    rows = indices.count
    targets.removeAll(keepingCapacity: true)
    top.removeAll(keepingCapacity: true)
    for (m, index) in indices.enumerated() {
      var failure: TrainingError?
      row.withUnsafeMutableBytes { bytes in
        do throws(TrainingError) { try cache.read(row: Int(index), into: bytes) } catch { failure = error }
        let raw = UnsafeRawBufferPointer(bytes)
        targets.append(raw.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        for i in 0..<layout.topCount {
          top.append(raw.loadUnaligned(fromByteOffset: layout.topOffset + 4 * i, as: Int32.self))
        }
        for exit in layout.exits.indices { decode(raw, exit, into: m) }
      }
      if let failure { throw failure }
      let tokens = top.suffix(layout.topCount) + targets.suffix(1)
      guard tokens.allSatisfy({ $0 >= 0 && $0 < vocabularySize }) else {
        throw TrainingError(
          .corruptFile, "row \(index) names a token outside the vocabulary", at: cache.path,
          remedy: "Delete the file, and the states are computed again.")
      }
    }
  }

  private func decode(_ raw: UnsafeRawBufferPointer, _ exit: Int, into m: Int) {
    let offset = layout.stateOffset(exit)
    scales(exit)[m] = raw.loadUnaligned(fromByteOffset: offset, as: Float.self)
    let unit = states(exit) + m * layout.width
    for i in 0..<layout.width {
      unit[i] = HalfPrecision.float(
        fromF16: raw.loadUnaligned(fromByteOffset: offset + 4 + 2 * i, as: UInt16.self))
    }
  }
}
