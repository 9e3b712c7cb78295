import RouterCheckpoint
import RouterTensor

/// How the attention of a batch is dealt to threads; the same for all layers, and without effect on any bit.
struct AttentionPlan {
  /// Rows of one segment.
  struct Piece {
    let segment: Int
    /// Among the rows of the batch.
    let rows: Range<Int>
  }

  /// Where the blocks of one segment come among all that threads take.
  struct Part {
    /// Blocks that the segment's rows see.
    let blockCount: Int
    /// Units of the segments before: a block of one head of keys each.
    let firstUnit: Int
    /// Floats of the segments before.
    let offset: Int
    /// Floats of a unit.
    let unitSize: Int
  }

  let segments: [RowBatch.Segment]
  let count: Int
  let layout: KeyValueLayout
  /// Positions of the longest segment.
  let reach: Int
  /// Rows whose keys share cache lines: one thread stores them.
  let lines: [Piece]
  /// Rows whose queries go through a block together, those that see the most positions first.
  let steps: [Piece]
  /// Segments whose blocks are dealt to threads, in order; nil if rows are.
  let parts: [Part]?
  /// Whether one thread does it all.
  let isSmall: Bool
  /// Memory for what blocks contribute.
  let partsByteCount: Int

  /// Rows that share one read of the cache when its blocks are dealt to threads.
  private static let partRows = 8

  /// Multiplications below which attention costs less than waking another thread.
  private static let smallAttention = 150_000

  init(_ batch: RowBatch, configuration: ModelConfiguration, layout: KeyValueLayout, team: ThreadTeam) {
    segments = batch.segments
    count = batch.count
    self.layout = layout
    let groups = configuration.keyValueHeadCount
    let sharing = configuration.headCount / groups
    let step = max(1, Kernels.sharedQueries / sharing)
    let line = layout.element.linePositions
    var (lines, steps, reach, products): ([Piece], [Piece], Int, Int) = ([], [], 0, 0)
    for (index, segment) in segments.enumerated() {
      let (first, end) = (segment.rows.lowerBound, segment.rows.upperBound)
      let last = segment.position + segment.rows.count
      reach = max(reach, last)
      products += 2 * segment.rows.count * configuration.queryWidth * last
      var row = first
      while row < end {
        let position = segment.position + row - first
        let next = min(end, row + line - position % line)
        lines.append(Piece(segment: index, rows: row..<next))
        row = next
      }
      for start in stride(from: first, to: end, by: step) {
        steps.append(Piece(segment: index, rows: start..<min(start + step, end)))
      }
    }
    if steps.count > segments.count {
      // They start first, so that no thread ends with a long one.
      let segments = segments
      func seen(_ piece: Piece) -> Int {
        let segment = segments[piece.segment]
        return (segment.position + piece.rows.upperBound - segment.rows.lowerBound) * piece.rows.count
      }
      steps.sort { seen($0) > seen($1) }
    }
    (self.lines, self.steps, self.reach) = (lines, steps, reach)
    isSmall = team.threadCount == 1 || products < Self.smallAttention
    let isDealtByBlocks =
      !isSmall && reach > AttentionCache.blockPositions && groups * segments.count < 4 * team.threadCount
      && segments.allSatisfy { $0.rows.count <= Self.partRows }
    guard isDealtByBlocks else {
      (parts, partsByteCount) = (nil, 0)
      return
    }
    var (found, units, floats): ([Part], Int, Int) = ([], 0, 0)
    for segment in segments {
      let blocks = KeyValueLayout.pageCount(for: segment.position + segment.rows.count)
      // [blocks, G, rows, H / G, K + 2]
      let size = segment.rows.count * sharing * (configuration.headWidth + 2)
      found.append(Part(blockCount: blocks, firstUnit: units, offset: floats, unitSize: size))
      units += blocks * groups
      floats += blocks * groups * size
    }
    parts = found
    partsByteCount = floats * 4
  }
}
