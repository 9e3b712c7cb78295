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
      let leading = leadingRows(of: 0, narrow, scratch, in: output)
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
        refine(leadingRows(of: place, narrow, scratch, in: output)[...], views[place], narrow, into: output)
      }
    }
    keep(narrow)
  }

  /// Rows whose approximate product is at least that of the last leading block, ascending.
  private func leadingRows(
    of place: Int, _ narrow: NarrowMatrix, _ scratch: NarrowScratch, in scores: UnsafePointer<Float>
  ) -> UnsafeMutableBufferPointer<UInt32> {
    let found = scratch.leading + place * narrow.rows
    let count = kernels.table.pointee.leading_rows(
      scores, narrow.rows, scratch.tops + place * scratch.blocks, narrow.leadingBlocks, found)
    return UnsafeMutableBufferPointer(start: found, count: count)
  }

  /// Products of some rows in all dimensions.
  private func refine(
    _ rows: Slice<UnsafeMutableBufferPointer<UInt32>>, _ codes: rk_activations, _ narrow: NarrowMatrix,
    into output: UnsafeMutablePointer<Float>
  ) {
    let rows = UnsafeMutableBufferPointer(rebasing: rows)
    kernels.table.pointee.dot_rows(
      narrow.matrix.codes.pointer.assumingMemoryBound(to: Int8.self),
      narrow.matrix.scales.pointer.assumingMemoryBound(to: Float.self), rows.baseAddress, rows.count,
      narrow.columns, codes, output)
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
    let (tops, blocks) = (scratch.tops, scratch.blocks)
    let chunks = chunkCount(units: blocks, rows: count, alone: 1)
    team.run(chunks: chunks) { chunk in
      let first = blocks * chunk / chunks
      let last = blocks * (chunk + 1) / chunks
      product.multiply(first, last, into: output, stride: rows)
      let start = first * 16
      for place in 0..<count {
        kernels.table.pointee.add_tops(
          output + place * rows + start, bias + start, min(rows, last * 16) - start,
          tops + place * blocks + first)
      }
    }
  }
}
