extension Matmul {
  /// One in so many blocks may be computed exactly: with the screen's own bytes, about half of those of the
  /// matrix, the rest would be no gain.
  private static let worthwhileShare = 3

  /// Whether so many leading entries can cost less with a screen than all do without.
  package func isWorthwhile(_ wanted: LeadingEntries, by screen: MatrixScreen) -> Bool {
    wanted.count * Self.worthwhileShare <= screen.blockCount
  }

  /// What entries hold that are not wanted: too small to have a weight in any softmax.
  package static let unwanted = -Float.greatestFiniteMagnitude

  /// The largest entries of a product, bit for bit those of the whole product.
  ///
  /// - Parameters:
  ///   - input: f32 `[K]`.
  ///   - place: of the input among those that were scored last.
  ///   - codes: as `score` left them.
  ///   - output: f32 `[N]`: the wanted entries and some others exactly, ``unwanted`` in place of the rest.
  /// - Returns: the blocks of 16 rows that were computed exactly; nil if the input has no bounds, as for
  ///   `maximum`, or if much of the matrix would be read: then the whole product costs less.
  package func leading(
    _ wanted: LeadingEntries, of input: UnsafePointer<Float>, scored place: Int, by screen: MatrixScreen,
    codes: QuantizedActivations, scratch: ScreenScratch, into output: UnsafeMutablePointer<Float>
  ) -> Int? {
    let (rows, blocks) = (screen.matrix.rows, screen.blockCount)
    guard isWorthwhile(wanted, by: screen), let reach = scratch.reaches[place] else { return nil }
    let product = product(of: input, scored: place, by: screen, codes: codes)
    let favourites = scratch.blocksWithLargestTops(wanted.count, of: blocks, place)
    rescore(favourites, product, rows, scratch)
    guard let mark = scratch.exactEntry(wanted.count, in: favourites, rows: rows) else { return nil }
    let rivals = ScreenedRivals(
      product: product, tops: scratch.tops + place * scratch.stride,
      ceilings: scratch.ceilings + place * scratch.stride, reach: reach)
    let candidates = rivals.candidates(from: reach.ceiling(of: mark - wanted.distance)).filter {
      !favourites.contains($0)
    }
    let computed = favourites.count + candidates.count
    guard computed * Self.worthwhileShare <= blocks else { return nil }
    rescore(candidates, product, rows, scratch)
    output.update(repeating: Self.unwanted, count: rows)
    for block in favourites + candidates {
      for row in block * 16..<min(rows, block * 16 + 16) {
        guard scratch.exact[row].isFinite else { return nil }
        output[row] = scratch.exact[row]
      }
    }
    return computed
  }
}

extension ScreenScratch {
  /// The blocks with the `count` largest tops for the input at `place`, ascending.
  fileprivate func blocksWithLargestTops(_ count: Int, of blocks: Int, _ place: Int) -> [Int] {
    let tops = tops + place * stride
    // Kept in descending order of their tops; few blocks get past the first comparison.
    var best: [Int] = []
    best.reserveCapacity(count + 1)
    for block in 0..<blocks {
      if best.count == count, let last = best.last, tops[block] <= tops[last] { continue }
      var (low, high) = (0, best.count)
      while low < high {
        let middle = (low + high) / 2
        if tops[best[middle]] >= tops[block] { low = middle + 1 } else { high = middle }
      }
      best.insert(block, at: low)
      if best.count > count { best.removeLast() }
    }
    return best.sorted()
  }

  /// The `count` th largest exact product of some blocks; nil if one is not finite.
  fileprivate func exactEntry(_ count: Int, in blocks: [Int], rows: Int) -> Float? {
    var entries: [Float] = []
    for block in blocks {
      for row in block * 16..<min(rows, block * 16 + 16) { entries.append(exact[row]) }
    }
    guard count <= entries.count, entries.allSatisfy(\.isFinite) else { return nil }
    entries.sort(by: >)
    return entries[count - 1]
  }
}
