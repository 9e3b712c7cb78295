import CRouterKernels

extension Matmul {
  /// Inputs of lengths beyond these are left to the whole product, where f32 has its own ways.
  private static let inputNorms = 1e-20...1e15

  /// Scores inputs with a screen, all with one read of it.
  ///
  /// - Parameters:
  ///   - inputs: f32 `[M, K]`, M at most ``ScreenScratch/inputLimit``.
  ///   - codes: scratch for M * K elements.
  ///   - scratch: receives the scores, which `maximum` and `leading` go on with.
  package func score(
    _ inputs: UnsafePointer<Float>, rows count: Int, by screen: MatrixScreen, codes: QuantizedActivations,
    scratch: ScreenScratch
  ) {
    precondition(scratch.fits(screen), "the scratch belongs to another screen")
    precondition((1...ScreenScratch.inputLimit).contains(count), "\(count) inputs")
    let (rows, columns) = (screen.matrix.rows, screen.matrix.columns)
    codes.fill(from: inputs, rows: count, columns: columns, kernels: kernels, team: team)
    scratch.reaches = (0..<count).map { place in
      reach(
        of: inputs + place * columns, in: screen, codes: codes.view(row: place, columns: columns),
        scratch: scratch)
    }
    let score = rk_screen_for(kernels.table.pointee.isa).pointee.score
    let blocks = screen.blockCount
    let chunks = team.threadCount == 1 ? 1 : min(blocks, team.threadCount * 8)
    scratch.reaches.map { $0?.factors ?? rk_reach(inside: 0, outside: 0) }.withUnsafeBufferPointer {
      factors in
      let scored = rk_screen_inputs(x: codes.view, reach: factors.baseAddress, count: count)
      team.run(chunks: chunks) { chunk in
        score?(
          screen.blocks.pointer.assumingMemoryBound(to: UInt8.self), blocks * chunk / chunks,
          blocks * (chunk + 1) / chunks, rows, columns, scored, scratch.tops, scratch.ceilings, scratch.stride
        )
      }
    }
  }

  /// The row with the largest product `sum over k of input[k] * matrix[n, k]`, the lowest among equals: the one
  /// that the whole product with this matmul has, without reading most of the matrix.
  ///
  /// Computes the exact products of the block whose score looks best, then those of every block that can still
  /// reach them.
  ///
  /// - Parameters:
  ///   - input: f32 `[K]`.
  ///   - place: of the input among those that were scored last.
  ///   - codes: scratch for K elements.
  /// - Returns: nil if the input is not finite or its length is extreme: then only the whole product can tell.
  package func maximum(
    of input: UnsafePointer<Float>, scored place: Int, by screen: MatrixScreen, codes: QuantizedActivations,
    scratch: ScreenScratch
  ) -> ScreenedMaximum? {
    guard let reach = scratch.reaches[place] else { return nil }
    let (matrix, blocks) = (screen.matrix, screen.blockCount)
    let product = product(of: input, by: screen, codes: codes)
    let favourite = Self.largest(scratch.tops + place * scratch.stride, count: blocks)
    product.multiply(favourite, favourite + 1, into: scratch.exact, stride: matrix.rows)
    var best = Best()
    best.take(block: favourite, of: matrix.rows, from: scratch.exact)
    guard best.isFinite else { return nil }

    scratch.collectCandidates(
      place, count: blocks, from: reach.ceiling(of: best.value), except: [favourite])
    rescore(scratch.candidates, product, matrix.rows, scratch)
    for block in scratch.candidates { best.take(block: block, of: matrix.rows, from: scratch.exact) }
    guard best.isFinite else { return nil }
    return ScreenedMaximum(
      row: best.row, value: best.value, rescoredBlocks: scratch.candidates.count + 1)
  }

  /// Exact products with one input.
  func product(
    of input: UnsafePointer<Float>, by screen: MatrixScreen, codes: QuantizedActivations
  ) -> BlockProduct {
    codes.fill(from: input, rows: 1, columns: screen.matrix.columns, kernels: kernels, team: team)
    return block(screen.matrix, of: input, codes.view, rows: 1)
  }

  /// Exact products of some blocks, over the team if there are many.
  func rescore(_ candidates: [Int], _ product: BlockProduct, _ rows: Int, _ scratch: ScreenScratch) {
    let exact = scratch.exact
    let step = candidates.count < 8 ? 8 : max(4, candidates.count / (team.threadCount * 8))
    team.run(chunks: (candidates.count + step - 1) / step) { chunk in
      for block in candidates[chunk * step..<min(candidates.count, (chunk + 1) * step)] {
        product.multiply(block, block + 1, into: exact, stride: rows)
      }
    }
  }

  private func reach(
    of input: UnsafePointer<Float>, in screen: MatrixScreen, codes: rk_activations, scratch: ScreenScratch
  ) -> ScreenReach? {
    let columns = screen.matrix.columns
    let coded = scratch.input
    var rounding = 0.0
    for group in 0..<columns / 32 {
      let scale = codes.scales[group]
      for i in group * 32..<group * 32 + 32 {
        coded[i] = scale * Float(codes.codes[i])
        let difference = Double(input[i]) - Double(coded[i])
        rounding += difference * difference
      }
    }
    // The exact product takes the codes or the input itself; the screen always takes the codes.
    let isCoded = usesCodes(screen.matrix)
    let vector = isCoded ? UnsafePointer(coded) : input
    var (squares, shift) = (0.0, 0.0)
    for i in 0..<columns {
      let value = Double(vector[i])
      squares += value * value
      shift += value * Double(screen.centre[i])
    }
    let norm = squares.squareRoot()
    guard Self.inputNorms.contains(norm), rounding.isFinite else { return nil }
    let directions = screen.directions.pointer.assumingMemoryBound(to: Float.self)
    kernels.table.pointee.matmul_f32(
      directions, 0, screen.directionCount, columns, vector, 1, scratch.inside, screen.directionCount)
    let inside = MatrixScreen.norm(UnsafeBufferPointer(start: scratch.inside, count: screen.directionCount))
    let slack =
      screen.slack(inputNorm: norm)
      + (isCoded ? 0 : rounding.squareRoot() * screen.norms.copy * (1 + 0x1p-20))
    return ScreenReach(factors: screen.split(norm: norm, inside: inside), shift: shift, slack: slack)
  }

  /// Index of the largest of `count` numbers; any of them if none is a number.
  private static func largest(_ values: UnsafePointer<Float>, count: Int) -> Int {
    var best = 0
    for i in 1..<max(count, 1) where values[i] > values[best] { best = i }
    return best
  }

  /// The largest exact product so far.
  private struct Best {
    var row = 0
    var value = -Float.infinity
    var isFinite = true

    mutating func take(block: Int, of rows: Int, from exact: UnsafePointer<Float>) {
      for candidate in block * 16..<min(rows, block * 16 + 16) {
        let product = exact[candidate]
        if !product.isFinite { isFinite = false }
        if product > value || (product == value && candidate < row) { (value, row) = (product, candidate) }
      }
    }
  }
}

extension ScreenScratch {
  /// Lists the blocks whose ceiling for the input at `place` is at least `threshold`, ascending.
  func collectCandidates(_ place: Int, count: Int, from threshold: Float, except favourites: [Int]) {
    candidates.removeAll(keepingCapacity: true)
    let ceilings = ceilings + place * stride
    let limits = SIMD16<Float>(repeating: threshold)
    let raw = UnsafeRawPointer(ceilings)
    for start in Swift.stride(from: 0, to: count, by: 16) {
      // Ceilings past the last block are minus infinity.
      guard any(raw.loadUnaligned(fromByteOffset: start * 4, as: SIMD16<Float>.self) .>= limits) else {
        continue
      }
      for block in start..<min(count, start + 16)
      where ceilings[block] >= threshold && !favourites.contains(block) {
        candidates.append(block)
      }
    }
  }
}
