import CRouterKernels

extension WeightMatrix {
  /// Pseudo-random weights `[N, K]` of mean 0 and variance 1 / K, made directly in the form in which they are
  /// multiplied. Equal seeds give equal weights, whatever the number of threads.
  ///
  /// - Precondition: `encoding` is q4 or q8, and `columns` a multiple of 32.
  package static func random(
    rows: Int, columns: Int, encoding: WeightEncoding, seed: UInt64, team: ThreadTeam
  ) -> WeightMatrix {
    precondition(encoding == .q4 || encoding == .q8, "random weights are quantised")
    precondition(columns % GroupQuantization.groupSize == 0, "a row of \(columns) is no multiple of 32")
    let isQ4 = encoding == .q4
    let storage = AlignedBuffer(byteCount: isQ4 ? rk_q4_bytes(rows, columns) : rk_q8_bytes(rows, columns))
    let tiles = storage.pointer.assumingMemoryBound(to: UInt8.self)
    let blocks = (rows + Int(rk_tile_rows) - 1) / Int(rk_tile_rows)
    // About a megabyte each, so that pages come from the system in parallel too.
    let blocksPerChunk = max(1, (1 << 20) / max(1, storage.byteCount / max(1, blocks)))
    team.run(chunks: (blocks + blocksPerChunk - 1) / blocksPerChunk) { chunk in
      let first = chunk * blocksPerChunk
      let last = min(blocks, first + blocksPerChunk)
      if isQ4 {
        rk_fill_q4(tiles, first, last, columns, seed)
      } else {
        rk_fill_q8(tiles, first, last, columns, seed)
      }
    }
    return WeightMatrix(rows: rows, columns: columns, encoding: encoding, storage: storage)
  }
}
