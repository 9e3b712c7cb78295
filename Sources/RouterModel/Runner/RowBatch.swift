import RouterTensor

/// Rows that go through layers together: tokens of one sequence or of several, which meet in no product and share the
/// read of the weights.
package struct RowBatch {
  /// Rows of one sequence at positions that follow each other.
  struct Segment {
    /// Where the pages of the sequence start.
    let blocks: UnsafePointer<UnsafeMutableRawPointer?>
    /// The position of its first row.
    let position: Int
    /// Its rows among those of the batch.
    let rows: Range<Int>
  }

  private(set) var segments: [Segment] = []
  /// How the pages of all sequences lie; nil without rows.
  private(set) var layout: KeyValueLayout?
  /// f32 `[D]` each: the residual stream of every row, where its sequence keeps it.
  private(set) var states: [UnsafeMutablePointer<Float>] = []

  package init() {}

  /// Rows in the batch.
  package var count: Int { states.count }

  /// Adds rows in flight of a sequence, which must outlive the batch; those that are there keep their numbers.
  package mutating func append(_ sequence: ModelSequence, rows: Range<Int>) {
    guard !rows.isEmpty else { return }
    precondition(layout == nil || layout == sequence.layout, "pages of two layouts")
    layout = sequence.layout
    let position = sequence.position + rows.lowerBound
    if let last = segments.last, last.blocks == sequence.blocks, last.position + last.rows.count == position {
      // Rows that follow on share the read of keys and values as well.
      segments[segments.count - 1] = Segment(
        blocks: last.blocks, position: last.position, rows: last.rows.lowerBound..<count + rows.count)
    } else {
      segments.append(
        Segment(blocks: sequence.blocks, position: position, rows: count..<count + rows.count))
    }
    for row in rows { states.append(sequence.state(row: row)) }
  }
}
