import CRouterKernels

extension WeightMatrix {
  /// Pseudo-random weights `[N, K]` of mean 0 and variance 1 / K, made directly in the form in which they are
  /// multiplied. Equal seeds give equal weights, whatever the number of threads.
  ///
  /// - Precondition: `encoding` is quantised, and `columns` a whole number of its groups.
  package static func random(
    rows: Int, columns: Int, encoding: WeightEncoding, seed: UInt64, team: ThreadTeam
  ) -> WeightMatrix {
    let descriptor = encoding.descriptor
    guard case .tiles(let code) = descriptor.form else { preconditionFailure("random weights are quantised") }
    precondition(descriptor.fits(columns: columns), "a row of \(columns) has no whole groups")
    let storage = AlignedBuffer(byteCount: rk_tiles_bytes(code, rows, columns))
    let blocks = (rows + Int(rk_tile_rows) - 1) / Int(rk_tile_rows)
    // About a megabyte each, so that pages come from the system in parallel too.
    let blocksPerChunk = max(1, (1 << 20) / max(1, storage.byteCount / max(1, blocks)))
    team.run(chunks: (blocks + blocksPerChunk - 1) / blocksPerChunk) { chunk in
      let first = chunk * blocksPerChunk
      rk_format(code).pointee.fill(
        storage.pointer.assumingMemoryBound(to: UInt8.self), first, min(blocks, first + blocksPerChunk),
        columns, seed)
    }
    return WeightMatrix(
      rows: rows, columns: columns, encoding: encoding, form: descriptor.form, storage: storage)
  }
}
