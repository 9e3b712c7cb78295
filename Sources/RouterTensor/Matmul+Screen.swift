import CRouterKernels

extension Matmul {
  /// Inputs of lengths beyond these are left to the whole product, where f32 has its own ways.
  private static let inputNorms = 1e-20...1e15

  /// Inputs up to which a screen costs less than the whole product.
  package var screenedInputs: Int { rk_screen_for(kernels.table.pointee.isa).pointee.worthwhile_inputs }

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

  /// For each of some inputs the row with the largest product `sum over k of input[k] * matrix[n, k]`, the lowest
  /// among equals: the one that the whole product with this matmul has, without reading most of the matrix.
  ///
  /// Computes the exact products of the block whose score looks best, then those of every block that can still
  /// reach them.
  ///
  /// - Parameters:
  ///   - inputs: f32 `[M, K]`, those that were scored last.
  ///   - places: of the inputs that are asked for.
  ///   - codes: as `score` left them.
  /// - Returns: for each place; nil if the input is not finite or its length is extreme: then only the whole
  ///   product can tell.
  package func maxima(
    of inputs: UnsafePointer<Float>, scored places: [Int], by screen: MatrixScreen,
    codes: QuantizedActivations,
    scratch: ScreenScratch
  ) -> [ScreenedMaximum?] {
    let columns = screen.matrix.columns
    let rivals = places.map { place in
      ScreenedRivals(
        product: product(of: inputs + place * columns, scored: place, by: screen, codes: codes),
        tops: scratch.tops + place * scratch.stride, ceilings: scratch.ceilings + place * scratch.stride,
        reach: scratch.reaches[place])
    }
    // One input's blocks are shared out over the team, of several each thread takes its own.
    if let only = rivals.first, rivals.count == 1 { return [only.maximum(over: team)] }
    var found = [ScreenedMaximum?](repeating: nil, count: rivals.count)
    found.withUnsafeMutableBufferPointer {
      nonisolated(unsafe) let found = $0
      team.run(chunks: rivals.count) { found[$0] = rivals[$0].maximum(over: nil) }
    }
    return found
  }

  /// Exact products with one of the inputs that were scored last.
  func product(
    of input: UnsafePointer<Float>, scored place: Int, by screen: MatrixScreen, codes: QuantizedActivations
  ) -> BlockProduct {
    block(screen.matrix, of: input, codes.view(row: place, columns: screen.matrix.columns), rows: 1)
  }

  /// Exact products of some blocks, over the team if there are many.
  func rescore(_ candidates: [Int], _ product: BlockProduct, _ rows: Int, _ scratch: ScreenScratch) {
    let exact = scratch.exact
    team.runParts(of: candidates) { part in
      for block in part { product.multiply(block, block + 1, into: exact, stride: rows) }
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
}
