import RouterCheckpoint
import RouterTensor

// Positions meet here: rotary embedding, the cache, and attention over it.
extension InferenceSession {
  /// Rows that share one read of the cache when its blocks are dealt to threads.
  static let partRows = 8

  /// Multiplications below which attention costs less than waking another thread.
  private static let smallAttention = 150_000

  /// The position of the first active row.
  private var start: Int { position + active.lowerBound }

  /// Adds biases to the active rows of a layer, rotates queries and keys, and puts keys and values into the
  /// layer's cache.
  ///
  /// - Parameter queries: whether there are queries.
  func rotateAndStore(
    queries: Bool = true, biases: LlamaWeights.AttentionBiases?, in cache: KeyValueCache
  ) {
    let heads = model.configuration.headCount
    let width = model.configuration.queryWidth
    // Rows whose keys share cache lines go to one thread.
    let (start, step) = (self.start, AttentionCache.linePositions)
    let (first, last) = (start / step, (start + active.count - 1) / step)
    model.matmul.team.run(chunks: last - first + 1) { chunk in
      let line = (first + chunk) * step
      for row in max(line - start, 0)..<min(line + step - start, active.count) {
        if queries {
          let query = scratch.query + row * width
          if let biases { model.matmul.kernels.add(biases.query, to: query, count: width) }
          rotate(query, heads: heads, position: start + row)
        }
        store(
          key: scratch.key, value: scratch.value, row: row, biases: biases, position: start + row,
          in: cache)
      }
    }
  }

  /// Rotates `count` heads that lie together, f32 `[count, K]`, by the angles of a position.
  private func rotate(_ heads: UnsafeMutablePointer<Float>, heads count: Int, position: Int) {
    let width = model.configuration.headWidth
    for head in 0..<count {
      model.matmul.kernels.rotate(
        heads + head * width, cosines: rotary.cosines(at: position), sines: rotary.sines(at: position),
        width: width)
    }
  }

  /// Adds biases, rotates the keys of one row `[G * K]`, and puts keys and values into a layer's cache.
  func store(
    key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>, row: Int,
    biases: LlamaWeights.AttentionBiases?, position: Int, in cache: KeyValueCache
  ) {
    let configuration = model.configuration
    let (heads, width) = (configuration.keyValueHeadCount, configuration.headWidth)
    let rowWidth = configuration.keyValueWidth
    let (key, value) = (key + row * rowWidth, value + row * rowWidth)
    if let biases {
      model.matmul.kernels.add(biases.key, to: key, count: rowWidth)
      model.matmul.kernels.add(biases.value, to: value, count: rowWidth)
    }
    rotate(key, heads: heads, position: position)
    for head in 0..<heads {
      model.matmul.kernels.store(
        key: key + head * width, value: value + head * width, at: position, in: cache.head(head))
    }
  }

  /// Causal attention of every row and head over the cache.
  func attend(in cache: KeyValueCache) {
    let configuration = model.configuration
    let groups = configuration.keyValueHeadCount
    let threads = model.matmul.team.threadCount
    let products = 2 * active.count * configuration.queryWidth * (start + active.count)
    if threads == 1 || products < Self.smallAttention {
      for group in 0..<groups { attend(group, rows: 0..<active.count, in: cache) }
    } else if active.count <= Self.partRows && groups < 4 * threads && blockCount > 1 {
      attendByBlocks(in: cache)
    } else {
      let step = max(1, Kernels.sharedQueries / (configuration.headCount / groups))
      let steps = (active.count + step - 1) / step
      model.matmul.team.run(chunks: groups * steps) { chunk in
        // The last rows see the most positions: they start first, so that no thread ends with a long chunk.
        let first = (steps - 1 - chunk / groups) * step
        attend(chunk % groups, rows: first..<min(first + step, active.count), in: cache)
      }
    }
  }

  /// Blocks of the cache that the active rows see.
  private var blockCount: Int {
    (start + active.count + AttentionCache.blockPositions - 1) / AttentionCache.blockPositions
  }

  /// The query heads that share key/value head `group`.
  private func queries(of group: Int) -> (view: AttentionQueries, offset: Int) {
    let configuration = model.configuration
    let sharing = configuration.headCount / configuration.keyValueHeadCount
    let offset = group * sharing * configuration.headWidth
    let view = AttentionQueries(
      rows: scratch.query + offset, stride: configuration.queryWidth, heads: sharing,
      position: start, scale: 1 / Float(configuration.headWidth).squareRoot())
    return (view, offset)
  }

  private func attend(_ group: Int, rows: Range<Int>, in cache: KeyValueCache) {
    let (view, offset) = queries(of: group)
    model.matmul.kernels.attend(
      view, rows: rows, over: cache.head(group), into: scratch.attended + offset)
  }

  /// Few rows over a long context: threads take blocks of the cache, and what they find is joined in order.
  private func attendByBlocks(in cache: KeyValueCache) {
    let configuration = model.configuration
    let (heads, groups, width) = (
      configuration.headCount, configuration.keyValueHeadCount, configuration.headWidth
    )
    let (kernels, team, rows) = (model.matmul.kernels, model.matmul.team, active.count)
    let parts = parts.pointer.assumingMemoryBound(to: Float.self)
    // [blocks, G, rows, H / G, K + 2]
    let groupSize = rows * (heads / groups) * (width + 2)
    let units = blockCount * groups
    let chunks = min(units, team.threadCount * 8)
    team.run(chunks: chunks) { chunk in
      for unit in units * chunk / chunks..<units * (chunk + 1) / chunks {
        kernels.attendPart(
          queries(of: unit % groups).view, rows: rows, block: unit / groups, over: cache.head(unit % groups),
          into: parts + unit * groupSize)
      }
    }
    for row in 0..<rows {
      let blocks = (start + row) / AttentionCache.blockPositions + 1
      for head in 0..<heads {
        let (group, member) = (head / (heads / groups), head % (heads / groups))
        kernels.join(
          parts: parts + group * groupSize + (row * (heads / groups) + member) * (width + 2),
          stride: groups * groupSize, blocks: blocks, width: width,
          into: scratch.attended + (row * heads + head) * width)
      }
    }
  }
}
