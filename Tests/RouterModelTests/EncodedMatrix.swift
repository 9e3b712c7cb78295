import RouterTensor

/// A matrix in the form in which a checkpoint stores it.
struct EncodedMatrix {
  let rows: Int
  let columns: Int
  let encoding: WeightEncoding
  /// f32 or bf16 elements, or codes.
  let elements: AlignedBuffer
  /// f16 `[N, K / 32]`; nil for wide encodings.
  let scales: AlignedBuffer?
  /// f16 `[N, K / 32]`; nil but for q4.
  let mins: AlignedBuffer?

  init(_ source: [Float], rows: Int, columns: Int, _ encoding: WeightEncoding) {
    (self.rows, self.columns, self.encoding) = (rows, columns, encoding)
    let groupBytes = source.count / 16
    switch encoding {
    case .f32:
      (elements, scales, mins) = (TinyModel.buffer(source), nil, nil)
    case .bf16:
      (elements, scales, mins) = (TinyModel.buffer(source.map(HalfPrecision.bf16)), nil, nil)
    case .q8:
      let (codes, scales) = (AlignedBuffer(byteCount: source.count), AlignedBuffer(byteCount: groupBytes))
      source.withUnsafeBufferPointer {
        GroupQuantization.encodeQ8(
          $0, codes: codes.elements(of: Int8.self), scales: scales.elements(of: UInt16.self))
      }
      (elements, self.scales, mins) = (codes, scales, nil)
    case .q4:
      let codes = AlignedBuffer(byteCount: source.count / 2)
      let (scales, mins) = (AlignedBuffer(byteCount: groupBytes), AlignedBuffer(byteCount: groupBytes))
      source.withUnsafeBufferPointer {
        GroupQuantization.encodeQ4(
          $0, codes: codes.elements(of: UInt8.self), scales: scales.elements(of: UInt16.self),
          mins: mins.elements(of: UInt16.self))
      }
      (elements, self.scales, self.mins) = (codes, scales, mins)
    }
  }

  func matrix(team: ThreadTeam) -> WeightMatrix {
    switch (encoding, scales, mins) {
    case (.q4, let scales?, let mins?):
      WeightMatrix(q4: elements, scales: scales, mins: mins, rows: rows, columns: columns, team: team)
    case (.q8, let scales?, _):
      WeightMatrix(q8: elements, scales: scales, rows: rows, columns: columns, team: team)
    case (.bf16, _, _): WeightMatrix(bf16: elements, rows: rows, columns: columns)
    default: WeightMatrix(f32: elements, rows: rows, columns: columns)
    }
  }
}
