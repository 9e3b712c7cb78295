import CRouterKernels

extension Matmul {
  /// Products of inputs with all rows of a matrix: those that look largest in 8 bits, the others about.
  ///
  /// What comes out of an input does not depend on its neighbours.
  ///
  /// - Parameters:
  ///   - inputs: f32 `[M, K]`, M at most ``NarrowScratch/inputLimit``.
  ///   - output: f32 `[M, N]`.
  package func multiply(
    _ inputs: UnsafePointer<Float>, rows count: Int, by narrow: NarrowMatrix, scratch: NarrowScratch,
    into output: UnsafeMutablePointer<Float>
  ) {
    precondition((1...NarrowScratch.inputLimit).contains(count), "\(count) inputs")
    project(inputs, count, narrow, scratch)
    look(count, narrow, scratch, into: output)
    let (rows, columns) = (narrow.rows, narrow.columns)
    scratch.codes.whole.fill(from: inputs, rows: count, columns: columns, kernels: kernels, team: team)
    if count == 1 {
      let leading = scratch.leadingRows(of: 0, narrow, in: output)
      let codes = scratch.codes.whole.view(row: 0, columns: columns)
      let chunks = leading.count < 64 ? 1 : team.threadCount
      team.run(chunks: chunks) { chunk in
        let part = leading.count * chunk / chunks..<leading.count * (chunk + 1) / chunks
        refine(leading[part], codes, narrow, into: output)
      }
    } else {
      let views = (0..<count).map { scratch.codes.whole.view(row: $0, columns: columns) }
      team.run(chunks: count) { place in
        let output = output + place * rows
        refine(scratch.leadingRows(of: place, narrow, in: output)[...], views[place], narrow, into: output)
      }
    }
    keep(narrow)
  }

  /// Products of some rows in all dimensions.
  private func refine(
    _ rows: ArraySlice<UInt32>, _ codes: rk_activations, _ narrow: NarrowMatrix,
    into output: UnsafeMutablePointer<Float>
  ) {
    rows.withUnsafeBufferPointer { rows in
      kernels.table.pointee.dot_rows(
        narrow.matrix.codes.pointer.assumingMemoryBound(to: Int8.self),
        narrow.matrix.scales.pointer.assumingMemoryBound(to: Float.self), rows.baseAddress, rows.count,
        narrow.columns, codes, output)
    }
  }

  /// Inputs in the leading dimensions, and their codes.
  private func project(
    _ inputs: UnsafePointer<Float>, _ count: Int, _ narrow: NarrowMatrix, _ scratch: NarrowScratch
  ) {
    let (rank, columns) = (narrow.rank, narrow.columns)
    let projection = narrow.projection.pointer.assumingMemoryBound(to: Float.self)
    let centre = narrow.centre.pointer.assumingMemoryBound(to: Float.self)
    // The dimensions of one input are shared out, of several inputs each is a chunk.
    let chunks = count == 1 ? min(rank / 16, team.threadCount) : count
    team.run(chunks: chunks) { chunk in
      let place = count == 1 ? 0 : chunk
      let first = count == 1 ? rank / 16 * chunk / chunks * 16 : 0
      let last = count == 1 ? rank / 16 * (chunk + 1) / chunks * 16 : rank
      let target = scratch.projected + place * rank
      kernels.table.pointee.matmul_f32(
        projection, first, last, columns, inputs + place * columns, 1, target, rank)
      for i in first..<last { target[i] -= centre[i] }
    }
    scratch.codes.projected.fill(
      from: scratch.projected, rows: count, columns: rank, kernels: kernels, team: team)
  }

  /// Approximate products of all rows, and the largest of each block.
  private func look(
    _ count: Int, _ narrow: NarrowMatrix, _ scratch: NarrowScratch, into output: UnsafeMutablePointer<Float>
  ) {
    let rows = narrow.rows
    let product = block(narrow.weight, of: scratch.projected, scratch.codes.projected.view, rows: count)
    let bias = narrow.bias.pointer.assumingMemoryBound(to: Float.self)
    let (tops, stride) = (scratch.tops, scratch.stride)
    let chunks = chunkCount(units: product.blockCount, rows: count, alone: 1)
    team.run(chunks: chunks) { chunk in
      let first = product.blockCount * chunk / chunks
      let last = product.blockCount * (chunk + 1) / chunks
      product.multiply(first, last, into: output, stride: rows)
      for place in 0..<count {
        let scores = output + place * rows
        for block in first..<last {
          let start = block * 16
          guard start + 16 <= rows else {
            var top = -Float.infinity
            for row in start..<rows {
              scores[row] += bias[row]
              top = max(top, scores[row])
            }
            tops[place * stride + block] = top
            continue
          }
          let sums =
            UnsafeRawPointer(scores + start).loadUnaligned(as: SIMD16<Float>.self)
            + UnsafeRawPointer(bias + start).loadUnaligned(as: SIMD16<Float>.self)
          UnsafeMutableRawPointer(scores + start).storeBytes(of: sums, as: SIMD16<Float>.self)
          tops[place * stride + block] = sums.max()
        }
      }
    }
  }
}

extension NarrowScratch {
  /// Steps in which the place of the last leading block is bracketed: within a thousandth of the range of all.
  private static let bracketSteps = 14

  /// Rows whose approximate product is at least that of the last leading block, ascending.
  fileprivate func leadingRows(
    of place: Int, _ narrow: NarrowMatrix, in scores: UnsafePointer<Float>
  ) -> [UInt32] {
    let tops = tops + place * stride
    let blocks = (narrow.rows + 15) / 16
    guard narrow.leadingBlocks < blocks else { return (0..<UInt32(narrow.rows)).map { $0 } }
    let threshold = threshold(tops, blocks, wanted: narrow.leadingBlocks)
    var found: [UInt32] = []
    found.reserveCapacity(4 * narrow.leadingBlocks)
    for block in 0..<blocks where tops[block] >= threshold {
      for row in block * 16..<min(narrow.rows, block * 16 + 16) where scores[row] >= threshold {
        found.append(UInt32(row))
      }
    }
    return found
  }

  /// A number that at least so many tops reach, and hardly more.
  private func threshold(_ tops: UnsafePointer<Float>, _ blocks: Int, wanted: Int) -> Float {
    var (low, high) = (Float.infinity, -Float.infinity)
    for block in 0..<blocks { (low, high) = (min(low, tops[block]), max(high, tops[block])) }
    guard low.isFinite, high.isFinite else { return low }
    for _ in 0..<Self.bracketSteps {
      let middle = low + (high - low) / 2
      if count(tops, reaching: middle) >= wanted { low = middle } else { high = middle }
    }
    return low
  }

  /// How many tops reach a number.
  private func count(_ tops: UnsafePointer<Float>, reaching threshold: Float) -> Int {
    let raw = UnsafeRawPointer(tops)
    let thresholds = SIMD8<Float>(repeating: threshold)
    var counts = SIMD8<Int32>.zero
    for start in Swift.stride(from: 0, to: stride, by: 8) {
      let values = raw.loadUnaligned(fromByteOffset: start * 4, as: SIMD8<Float>.self)
      counts.replace(with: counts &+ 1, where: values .>= thresholds)
    }
    return Int(counts.wrappedSum())
  }
}
