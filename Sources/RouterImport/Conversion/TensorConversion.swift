import RouterCheckpoint
import RouterTensor

/// The conversion of one source tensor into the tensors that store it in a checkpoint.
///
/// Nothing is read before the writer asks, and never more than about a mebibyte of source at a time.
package struct TensorConversion: Sendable {
  package let source: SourceTensor
  /// Name in the checkpoint.
  let name: String
  package let encoding: WeightEncoding

  package init(source: SourceTensor, name: String, encoding: WeightEncoding) {
    self.source = source
    self.name = name
    self.encoding = encoding
  }

  /// Whether every weight keeps its value; f32 holds every source.
  var isExact: Bool {
    encoding == .f32 || BlockRepacker.fidelity(from: source.encoding, to: encoding) == .exact
  }

  /// The tensors to write.
  package func pendingTensors() -> [PendingTensor] {
    let descriptor = encoding.descriptor
    let encoder = SourceEncoder(source: source, encoding: encoding)
    let elements = PendingTensor(
      name: name, dtype: descriptor.dtype, shape: descriptor.elementShape(source.shape)
    ) { try encoder.fillElements($0) }
    return [elements]
      + descriptor.companions.enumerated().map { index, companion in
        PendingTensor(
          name: TensorName.companion(.init(companion), of: name), dtype: EncodingCompanion.dtype,
          shape: descriptor.companionShape(rows: source.rows, columns: source.columns)
        ) { try encoder.fillCompanion(index, $0) }
      }
  }
}

extension SourceTensor {
  /// Reads all rows in the checkpoint's order as f32, some at a time.
  func forEachDecodedChunk(
    unit: Int = 1, _ body: (Range<Int>, UnsafeBufferPointer<Float>) throws(ImportError) -> Void
  ) throws(ImportError) {
    var scratch: [Float] = []
    try forEachChunk(unit: unit) { range, bytes throws(ImportError) in
      let count = range.count * columns
      if scratch.count < count { scratch = [Float](repeating: 0, count: count) }
      try scratch.withUnsafeMutableBufferPointer { buffer throws(ImportError) in
        let floats = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
        BlockDecoder.decode(encoding, bytes, into: floats)
        guard floats.allFinite else { throw nonFinite() }
        try body(range, UnsafeBufferPointer(floats))
      }
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Whether no element is infinite or NaN.
  var allFinite: Bool {
    var finite = true
    for i in 0..<count { finite = finite && self[i].bitPattern & 0x7F80_0000 != 0x7F80_0000 }
    return finite
  }
}
