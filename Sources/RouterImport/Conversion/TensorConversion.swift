import RouterCheckpoint
import RouterTensor
import Synchronization

/// The conversion of one source tensor into the tensors that store it in a checkpoint.
///
/// Nothing is read before the writer asks, and never more than about a mebibyte of source at a time.
struct TensorConversion: Sendable {
  let source: SourceTensor
  /// Name in the checkpoint.
  let name: String
  let encoding: WeightEncoding

  /// Whether every weight keeps its value.
  var isExact: Bool {
    switch (source.encoding, encoding) {
    case (_, .f32), (.bf16, .bf16): true
    case (_, .bf16): false
    default: BlockRepacker.fidelity(from: source.encoding, to: encoding) == .exact
    }
  }

  /// The tensors to write.
  func pendingTensors() -> [PendingTensor] {
    switch encoding {
    case .f32:
      return [
        PendingTensor(name: name, dtype: .f32, shape: source.shape) { buffer in
          try source.writeFloats(into: buffer.assumingMemoryBound(to: Float.self))
        }
      ]
    case .bf16:
      return [
        PendingTensor(name: name, dtype: .bf16, shape: source.shape) { buffer in
          try source.writeBF16(into: buffer.assumingMemoryBound(to: UInt16.self))
        }
      ]
    case .q8, .q4:
      let quantization = MatrixQuantization(source: source, encoding: encoding)
      let (rows, columns) = (source.rows, source.columns)
      var tensors = [
        PendingTensor(
          name: name, dtype: encoding == .q8 ? .i8 : .u8,
          shape: [rows, encoding == .q8 ? columns : columns / 2]
        ) { try quantization.fillCodes($0) },
        PendingTensor(
          name: TensorName.companion(.scale, of: name), dtype: .f16, shape: [rows, columns / 32]
        ) { try quantization.fillScales($0) },
      ]
      if encoding == .q4 {
        tensors.append(
          PendingTensor(
            name: TensorName.companion(.min, of: name), dtype: .f16, shape: [rows, columns / 32]
          ) { try quantization.fillMins($0) })
      }
      return tensors
    }
  }
}

extension SourceTensor {
  /// Decodes everything into f32 of the tensor's shape.
  ///
  /// - Throws: `ImportError` when the file fails or an element is not finite.
  func writeFloats(into target: UnsafeMutableBufferPointer<Float>) throws(ImportError) {
    precondition(target.count == rows * columns, "buffers differ in size")
    try forEachChunk { range, bytes throws(ImportError) in
      let part = UnsafeMutableBufferPointer(
        rebasing: target[range.lowerBound * columns..<range.upperBound * columns])
      BlockDecoder.decode(encoding, bytes, into: part)
      guard part.allFinite else { throw nonFinite() }
    }
  }

  /// Decodes everything into bfloat16 bit patterns of the tensor's shape, rounded to nearest even.
  func writeBF16(into target: UnsafeMutableBufferPointer<UInt16>) throws(ImportError) {
    precondition(target.count == rows * columns, "buffers differ in size")
    try forEachDecodedChunk { range, floats throws(ImportError) in
      var finite = true
      let start = range.lowerBound * columns
      for i in 0..<floats.count {
        let bits = HalfPrecision.bf16(from: floats[i])
        target[start + i] = bits.littleEndian
        finite = finite && bits & 0x7F80 != 0x7F80
      }
      guard finite else { throw nonFinite() }
    }
  }

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
