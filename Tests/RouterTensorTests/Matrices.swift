import RouterTensor

/// Weight matrices of random content in every encoding.
enum Matrices {
  static func make(
    _ encoding: WeightEncoding, rows: Int, columns: Int, seed: UInt64, team: ThreadTeam
  ) -> WeightMatrix {
    var random = SeededGenerator(seed: seed)
    let count = rows * columns
    let source = random.floats(count)
    switch encoding {
    case .f32:
      let buffer = AlignedBuffer(byteCount: count * 4)
      _ = buffer.elements(of: Float.self).update(fromContentsOf: source)
      return WeightMatrix(f32: buffer, rows: rows, columns: columns)
    case .bf16:
      let buffer = AlignedBuffer(byteCount: count * 2)
      _ = buffer.elements(of: UInt16.self).update(fromContentsOf: source.map(HalfPrecision.bf16))
      return WeightMatrix(bf16: buffer, rows: rows, columns: columns)
    case .q8:
      let (codes, scales) = (AlignedBuffer(byteCount: count), AlignedBuffer(byteCount: count / 16))
      source.withUnsafeBufferPointer {
        GroupQuantization.encodeQ8(
          $0, codes: codes.elements(of: Int8.self), scales: scales.elements(of: UInt16.self))
      }
      return WeightMatrix(q8: codes, scales: scales, rows: rows, columns: columns, team: team)
    case .q4:
      let codes = AlignedBuffer(byteCount: count / 2)
      let (scales, mins) = (AlignedBuffer(byteCount: count / 16), AlignedBuffer(byteCount: count / 16))
      source.withUnsafeBufferPointer {
        GroupQuantization.encodeQ4(
          $0, codes: codes.elements(of: UInt8.self), scales: scales.elements(of: UInt16.self),
          mins: mins.elements(of: UInt16.self))
      }
      return WeightMatrix(q4: codes, scales: scales, mins: mins, rows: rows, columns: columns, team: team)
    }
  }
}
