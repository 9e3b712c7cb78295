import Synchronization

/// The blocks of one scored input, of which one holds the largest product.
struct ScreenedRivals {
  let product: BlockProduct
  /// f32 `[blocks]`: the largest approximate product of each block.
  let tops: UnsafePointer<Float>
  /// f32 `[blocks]`, padded with minus infinity to a multiple of 16: what the products of each block reach at most.
  let ceilings: UnsafePointer<Float>
  /// nil if the input has no bounds.
  let reach: ScreenReach?

  /// The largest exact product.
  ///
  /// - Parameter team: shares the work; nil if the caller is one of its threads.
  func maximum(over team: ThreadTeam?) -> ScreenedMaximum? {
    guard let reach else { return nil }
    let favourite = favourite
    var best = Best()
    best.take([favourite], of: product)
    guard best.isFinite else { return nil }
    let candidates = candidates(from: reach.ceiling(of: best.value)).filter { $0 != favourite }
    if let team {
      let parts = Mutex([Best]())
      team.runParts(of: candidates) { part in
        var best = Best()
        best.take(part, of: product)
        parts.withLock { $0.append(best) }
      }
      for part in parts.withLock({ $0 }) { best.take(part) }
    } else {
      best.take(candidates[...], of: product)
    }
    guard best.isFinite else { return nil }
    return ScreenedMaximum(row: best.row, value: best.value, rescoredBlocks: candidates.count + 1)
  }

  /// The block whose approximate products look best; any of them if none is a number.
  private var favourite: Int {
    var best = 0
    for block in 1..<max(product.blockCount, 1) where tops[block] > tops[best] { best = block }
    return best
  }

  /// The blocks whose ceiling is at least `threshold`, ascending.
  func candidates(from threshold: Float) -> [Int] {
    var found: [Int] = []
    let limits = SIMD16<Float>(repeating: threshold)
    let raw = UnsafeRawPointer(ceilings)
    let count = product.blockCount
    for start in stride(from: 0, to: count, by: 16) {
      // Ceilings past the last block are minus infinity.
      guard any(raw.loadUnaligned(fromByteOffset: start * 4, as: SIMD16<Float>.self) .>= limits) else {
        continue
      }
      for block in start..<min(count, start + 16) where ceilings[block] >= threshold { found.append(block) }
    }
    return found
  }

  /// The largest exact product so far.
  private struct Best {
    var row = 0
    var value = -Float.infinity
    var isFinite = true

    mutating func take(_ blocks: ArraySlice<Int>, of product: BlockProduct) {
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { exact in
        guard let exact = exact.baseAddress else { return }
        for block in blocks {
          product.multiply(block, block + 1, into: exact - block * 16, stride: 16)
          for lane in 0..<min(16, product.rows - block * 16) {
            if !exact[lane].isFinite { isFinite = false }
            take(exact[lane], at: block * 16 + lane)
          }
        }
      }
    }

    mutating func take(_ other: Best) {
      isFinite = isFinite && other.isFinite
      take(other.value, at: other.row)
    }

    private mutating func take(_ product: Float, at candidate: Int) {
      if product > value || (product == value && candidate < row) { (value, row) = (product, candidate) }
    }
  }
}

extension ThreadTeam {
  /// Runs `body` for parts of a list of blocks, which are worth a thread from eight on.
  func runParts(of blocks: [Int], _ body: (ArraySlice<Int>) -> Void) {
    let step = blocks.count < 8 ? 8 : max(4, blocks.count / (threadCount * 8))
    run(chunks: (blocks.count + step - 1) / step) { chunk in
      body(blocks[chunk * step..<min(blocks.count, (chunk + 1) * step)])
    }
  }
}
