/// A weight matrix `[N, K]` in the form in which a checkpoint stores it.
package struct EncodedMatrix: Sendable {
  package let encoding: WeightEncoding
  package let rows: Int
  package let columns: Int
  /// Elements or codes `[N, K / columnsPerElement]` of ``EncodingDescriptor/dtype``.
  package let elements: AlignedBuffer
  /// f16 `[N, K / groupSize]`, in the order of ``EncodingDescriptor/companions``.
  package let companions: [AlignedBuffer]

  /// Takes over stored tensors.
  ///
  /// - Precondition: they have the shapes that the encoding's descriptor gives them.
  package init(
    _ encoding: WeightEncoding, elements: AlignedBuffer, companions: [AlignedBuffer] = [], rows: Int,
    columns: Int
  ) {
    let descriptor = encoding.descriptor
    precondition(
      descriptor.fits(columns: columns)
        && elements.byteCount == descriptor.elementByteCount(weights: rows * columns)
        && companions.count == descriptor.companions.count
        && companions.allSatisfy { $0.byteCount == Self.companionByteCount(descriptor, rows, columns) },
      "\(encoding) [\(rows), \(columns)] needs buffers of its own size")
    self.encoding = encoding
    self.rows = rows
    self.columns = columns
    self.elements = elements
    self.companions = companions
  }

  /// Encodes f32 `[N, K]`.
  ///
  /// - Precondition: rows have whole groups.
  package init(_ source: [Float], as encoding: WeightEncoding, rows: Int, columns: Int) {
    let descriptor = encoding.descriptor
    precondition(source.count == rows * columns, "\(source.count) weights are no [\(rows), \(columns)]")
    let elements = AlignedBuffer(byteCount: descriptor.elementByteCount(weights: source.count))
    let companions = descriptor.companions.map { _ in
      AlignedBuffer(byteCount: Self.companionByteCount(descriptor, rows, columns))
    }
    source.withUnsafeBufferPointer {
      descriptor.encode(
        $0,
        into: EncodedPlanes(
          elements: elements.bytes, companions: companions.map { $0.elements(of: UInt16.self) }))
    }
    self.init(encoding, elements: elements, companions: companions, rows: rows, columns: columns)
  }

  private static func companionByteCount(_ descriptor: EncodingDescriptor, _ rows: Int, _ columns: Int) -> Int
  {
    descriptor.companionShape(rows: rows, columns: columns).reduce(EncodingCompanion.dtype.byteCount, *)
  }
}
