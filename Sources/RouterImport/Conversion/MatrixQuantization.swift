import RouterTensor
import Synchronization

/// Produces codes, scales and minima of one quantised matrix, which the writer asks for one after the other.
///
/// All three come out of one pass over the source. The pass runs when the codes are asked for and keeps the
/// scales and minima, an eighth to a quarter of the codes' size, until they are asked for in turn; then they are dropped.
/// Asked in another order, it passes over the source again.
final class MatrixQuantization: Sendable {
  private let source: SourceTensor
  private let encoding: WeightEncoding
  private let kept = Mutex(Kept())

  private struct Kept {
    var scales: [UInt16]?
    var mins: [UInt16]?
  }

  /// - Precondition: `encoding` is q8 or q4, and the matrix has whole groups of 32 columns.
  init(source: SourceTensor, encoding: WeightEncoding) {
    precondition(encoding == .q8 || encoding == .q4, "not a quantised encoding")
    precondition(source.columns.isMultiple(of: GroupQuantization.groupSize), "not whole groups")
    self.source = source
    self.encoding = encoding
  }

  /// Writes the codes.
  func fillCodes(_ target: UnsafeMutableRawBufferPointer) throws(ImportError) {
    try kept.withLock { kept throws(ImportError) in kept = try convert(codes: target) }
  }

  /// Writes the scales, f16 `[N, K / 32]`.
  func fillScales(_ target: UnsafeMutableRawBufferPointer) throws(ImportError) {
    try fill(\.scales, target)
  }

  /// Writes the minima, f16 `[N, K / 32]`.
  func fillMins(_ target: UnsafeMutableRawBufferPointer) throws(ImportError) {
    try fill(\.mins, target)
  }

  private func fill(
    _ part: WritableKeyPath<Kept, [UInt16]?>, _ target: UnsafeMutableRawBufferPointer
  ) throws(ImportError) {
    try kept.withLock { kept throws(ImportError) in
      if kept[keyPath: part] == nil { kept = try convert(codes: nil) }
      guard let values = kept[keyPath: part] else { preconditionFailure("a conversion makes every part") }
      kept[keyPath: part] = nil
      values.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }

  /// One pass over the source; codes go to `target`, or nowhere.
  private func convert(codes target: UnsafeMutableRawBufferPointer?) throws(ImportError) -> Kept {
    let columns = source.columns
    let groups = columns / GroupQuantization.groupSize
    let codeBytes = encoding == .q8 ? columns : columns / 2
    var scales = [UInt16](repeating: 0, count: source.rows * groups)
    var mins = [UInt16](repeating: 0, count: encoding == .q4 ? source.rows * groups : 0)
    var unwanted: [UInt8] = []

    try scales.withUnsafeMutableBufferPointer { scales throws(ImportError) in
      try mins.withUnsafeMutableBufferPointer { mins throws(ImportError) in
        /// The planes of some rows.
        func withPlanes(
          _ rows: Range<Int>, _ body: (QuantizedPlanes) -> Void
        ) throws(ImportError) {
          let part = rows.lowerBound * groups..<rows.upperBound * groups
          let scalePart = UnsafeMutableBufferPointer(rebasing: scales[part])
          let minPart = UnsafeMutableBufferPointer(rebasing: mins[encoding == .q4 ? part : 0..<0])
          if let target {
            let bytes = UnsafeMutableRawBufferPointer(
              rebasing: target[rows.lowerBound * codeBytes..<rows.upperBound * codeBytes])
            body(QuantizedPlanes(codes: bytes, scales: scalePart, mins: minPart))
          } else {
            let count = rows.count * codeBytes
            if unwanted.count < count { unwanted = [UInt8](repeating: 0, count: count) }
            unwanted.withUnsafeMutableBytes {
              let bytes = UnsafeMutableRawBufferPointer(rebasing: $0[..<count])
              body(QuantizedPlanes(codes: bytes, scales: scalePart, mins: minPart))
            }
          }
          guard scalePart.allFiniteHalves, minPart.allFiniteHalves else { throw source.nonFinite() }
        }

        if BlockRepacker.fidelity(from: source.encoding, to: encoding) != nil {
          try source.forEachChunk { rows, bytes throws(ImportError) in
            try withPlanes(rows) { BlockRepacker.repack(source.encoding, to: encoding, bytes, into: $0) }
          }
        } else {
          try source.forEachDecodedChunk { rows, floats throws(ImportError) in
            try withPlanes(rows) { encode(floats, into: $0) }
          }
        }
      }
    }
    return Kept(scales: scales, mins: mins)
  }

  private func encode(_ floats: UnsafeBufferPointer<Float>, into planes: QuantizedPlanes) {
    if encoding == .q8 {
      GroupQuantization.encodeQ8(
        floats, codes: planes.codes.assumingMemoryBound(to: Int8.self), scales: planes.scales)
    } else {
      GroupQuantization.encodeQ4(
        floats, codes: planes.codes.assumingMemoryBound(to: UInt8.self), scales: planes.scales,
        mins: planes.mins)
    }
  }
}

extension UnsafeMutableBufferPointer<UInt16> {
  /// Whether no f16 bit pattern is infinite or NaN.
  var allFiniteHalves: Bool {
    var finite = true
    for i in 0..<count { finite = finite && self[i] & 0x7C00 != 0x7C00 }
    return finite
  }
}
