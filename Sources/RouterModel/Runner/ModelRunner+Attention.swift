import RouterCheckpoint
import RouterTensor

// Positions meet here: rotary embedding, the caches, and attention over them, each sequence over its own.
extension ModelRunner {
  /// Adds biases to the rows of a layer, rotates queries and keys, and puts keys and values into the layer's cache.
  ///
  /// - Parameter queries: whether there are queries.
  func rotateAndStore(
    layer: Int, queries: Bool = true, biases: LlamaWeights.AttentionBiases?, _ plan: AttentionPlan
  ) {
    let heads = model.configuration.headCount
    let (queryWidth, keyWidth) = (model.configuration.queryWidth, model.configuration.keyValueWidth)
    let kernels = model.matmul.kernels
    plan.lines.withUnsafeBufferPointer { lines in
      plan.segments.withUnsafeBufferPointer { segments in
        let chunks = plan.count < 4 ? 1 : min(lines.count, model.matmul.team.threadCount * 8)
        model.matmul.team.run(chunks: chunks) { chunk in
          for line in lines[lines.count * chunk / chunks..<lines.count * (chunk + 1) / chunks] {
            let segment = segments[line.segment]
            for row in line.rows {
              let position = segment.position + row - segment.rows.lowerBound
              if queries {
                let query = scratch.query + row * queryWidth
                if let biases { kernels.add(biases.query, to: query, count: queryWidth) }
                rotate(query, heads: heads, position: position)
              }
              store(
                key: scratch.key + row * keyWidth, value: scratch.value + row * keyWidth, biases: biases,
                position: position, layer: layer, in: segment.blocks, plan.layout)
            }
          }
        }
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
    key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>,
    biases: LlamaWeights.AttentionBiases?, position: Int, layer: Int,
    in blocks: UnsafePointer<UnsafeMutableRawPointer?>, _ layout: KeyValueLayout
  ) {
    let configuration = model.configuration
    let (heads, width) = (configuration.keyValueHeadCount, configuration.headWidth)
    if let biases {
      model.matmul.kernels.add(biases.key, to: key, count: configuration.keyValueWidth)
      model.matmul.kernels.add(biases.value, to: value, count: configuration.keyValueWidth)
    }
    rotate(key, heads: heads, position: position)
    for head in 0..<heads {
      model.matmul.kernels.store(
        key: key + head * width, value: value + head * width, at: position,
        in: layout.cache(layer: layer, head: head, in: blocks))
    }
  }

  /// Causal attention of every row and head over its sequence's cache.
  func attend(layer: Int, _ plan: AttentionPlan) {
    if let parts = plan.parts { return attendByBlocks(layer: layer, plan, parts) }
    let groups = model.configuration.keyValueHeadCount
    plan.steps.withUnsafeBufferPointer { steps in
      plan.segments.withUnsafeBufferPointer { segments in
        func cache(of unit: Int) -> AttentionCache {
          plan.layout.cache(
            layer: layer, head: unit % groups, in: segments[steps[unit / groups].segment].blocks)
        }
        let units = steps.count * groups
        func attend(_ unit: Int) {
          let piece = steps[unit / groups]
          let segment = segments[piece.segment]
          let (view, offset) = queries(of: unit % groups, segment)
          let first = segment.rows.lowerBound
          model.matmul.kernels.attend(
            view, rows: piece.rows.lowerBound - first..<piece.rows.upperBound - first,
            over: cache(of: unit), then: unit + 1 < units ? cache(of: unit + 1).keys(of: 0) : nil,
            into: scratch.attended + offset)
        }
        if plan.isSmall {
          for unit in 0..<units { attend(unit) }
        } else {
          let chunks = steps.count >= 4 * model.matmul.team.threadCount ? steps.count : units
          model.matmul.team.run(chunks: chunks) { chunk in
            for unit in units * chunk / chunks..<units * (chunk + 1) / chunks { attend(unit) }
          }
        }
      }
    }
  }

  /// The query heads of a segment that share key/value head `group`, and where the first row's begin.
  private func queries(of group: Int, _ segment: RowBatch.Segment) -> (view: AttentionQueries, offset: Int) {
    let configuration = model.configuration
    let sharing = configuration.headCount / configuration.keyValueHeadCount
    let offset =
      segment.rows.lowerBound * configuration.queryWidth + group * sharing * configuration.headWidth
    let view = AttentionQueries(
      rows: scratch.query + offset, stride: configuration.queryWidth, heads: sharing,
      position: segment.position, scale: 1 / Float(configuration.headWidth).squareRoot())
    return (view, offset)
  }

  /// Few rows over long contexts: threads take blocks of the caches, and what they find is joined in order.
  private func attendByBlocks(layer: Int, _ plan: AttentionPlan, _ parts: [AttentionPlan.Part]) {
    let configuration = model.configuration
    let (heads, groups, width) = (
      configuration.headCount, configuration.keyValueHeadCount, configuration.headWidth
    )
    let (kernels, team, sharing) = (model.matmul.kernels, model.matmul.team, heads / groups)
    let memory = self.parts.pointer.assumingMemoryBound(to: Float.self)
    plan.segments.withUnsafeBufferPointer { segments in
      parts.withUnsafeBufferPointer { parts in
        let units = (parts.last.map { $0.firstUnit + $0.blockCount * groups } ?? 0)
        let chunks = min(units, team.threadCount * 8)
        team.run(chunks: chunks) { chunk in
          var index = 0
          let last = units * (chunk + 1) / chunks
          for unit in units * chunk / chunks..<last {
            while index + 1 < parts.count && parts[index + 1].firstUnit <= unit { index += 1 }
            let (part, segment) = (parts[index], segments[index])
            let place = unit - part.firstUnit
            func cache(of place: Int) -> AttentionCache {
              plan.layout.cache(layer: layer, head: place % groups, in: segment.blocks)
            }
            let isLast = unit + 1 == last || place + 1 == part.blockCount * groups
            kernels.attendPart(
              queries(of: place % groups, segment).view, rows: segment.rows.count, block: place / groups,
              over: cache(of: place),
              then: isLast ? nil : cache(of: place + 1).keys(of: (place + 1) / groups),
              into: memory + part.offset + place * part.unitSize)
          }
        }
        for (part, segment) in zip(parts, segments) {
          for row in 0..<segment.rows.count {
            let blocks = (segment.position + row) / AttentionCache.blockPositions + 1
            for head in 0..<heads {
              let (group, member) = (head / sharing, head % sharing)
              let first = group * part.unitSize + (row * sharing + member) * (width + 2)
              kernels.join(
                parts: memory + part.offset + first, stride: groups * part.unitSize, blocks: blocks,
                width: width,
                into: scratch.attended + ((segment.rows.lowerBound + row) * heads + head) * width)
            }
          }
        }
      }
    }
  }
}
