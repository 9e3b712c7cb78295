import RouterTensor
import Synchronization

/// Encodes one source tensor, whose parts the writer asks for one after the other: elements or codes, then companions.
///
/// All come out of one pass over the source. The pass runs when the elements are asked for and keeps the companions, an
/// eighth to a quarter of the codes' size, until they are asked for in turn; then they are dropped. Asked in another
/// order, it passes over the source again.
final class SourceEncoder: Sendable {
  private let source: SourceTensor
  private let encoding: WeightEncoding
  /// By companion; nil for what has been asked for, or is not there yet.
  private let kept: Mutex<[AlignedBuffer?]>

  /// - Precondition: rows have whole groups of the encoding.
  init(source: SourceTensor, encoding: WeightEncoding) {
    let descriptor = encoding.descriptor
    precondition(descriptor.groupSize == 1 || descriptor.fits(columns: source.columns), "not whole groups")
    self.source = source
    self.encoding = encoding
    kept = Mutex([AlignedBuffer?](repeating: nil, count: descriptor.companions.count))
  }

  /// Writes the tensor's own elements or codes.
  func fillElements(_ target: UnsafeMutableRawBufferPointer) throws(ImportError) {
    try kept.withLock { kept throws(ImportError) in kept = try convert(elements: target) }
  }

  /// Writes the companion with index `index` in the descriptor's order, f16 `[N, K / groupSize]`.
  func fillCompanion(_ index: Int, _ target: UnsafeMutableRawBufferPointer) throws(ImportError) {
    try kept.withLock { kept throws(ImportError) in
      if kept[index] == nil { kept = try convert(elements: nil) }
      guard let values = kept[index] else { preconditionFailure("a conversion makes every part") }
      kept[index] = nil
      // Nothing else keeps the buffer while it is read.
      withExtendedLifetime(values) { target.copyMemory(from: UnsafeRawBufferPointer(values.bytes)) }
    }
  }

  /// One pass over the source; elements go to `target`, or nowhere.
  private func convert(
    elements target: UnsafeMutableRawBufferPointer?
  ) throws(ImportError) -> [AlignedBuffer?] {
    let descriptor = encoding.descriptor
    let groups = source.columns / descriptor.groupSize
    let rowByteCount = descriptor.elementByteCount(weights: source.columns)
    let companions = descriptor.companions.map { _ in
      AlignedBuffer(byteCount: source.rows * groups * EncodingCompanion.dtype.byteCount)
    }
    var unwanted = AlignedBuffer(byteCount: 0)

    /// The planes of some rows.
    func planes(_ rows: Range<Int>) -> EncodedPlanes {
      let bytes = rows.lowerBound * rowByteCount..<rows.upperBound * rowByteCount
      let part = rows.lowerBound * groups..<rows.upperBound * groups
      if target == nil, unwanted.byteCount < bytes.count { unwanted = AlignedBuffer(byteCount: bytes.count) }
      return EncodedPlanes(
        elements: UnsafeMutableRawBufferPointer(
          rebasing: target.map { $0[bytes] } ?? unwanted.bytes[..<bytes.count]),
        companions: companions.map {
          UnsafeMutableBufferPointer(rebasing: $0.elements(of: UInt16.self)[part])
        })
    }

    func check(_ planes: EncodedPlanes) throws(ImportError) {
      guard descriptor.isFinite(planes) else { throw source.nonFinite() }
    }

    if BlockRepacker.fidelity(from: source.encoding, to: encoding) != nil {
      try source.forEachChunk { rows, bytes throws(ImportError) in
        let planes = planes(rows)
        _ = BlockRepacker.repack(source.encoding, to: encoding, bytes, into: planes)
        try check(planes)
      }
    } else {
      try source.forEachDecodedChunk { rows, floats throws(ImportError) in
        let planes = planes(rows)
        descriptor.encode(floats, into: planes)
        try check(planes)
      }
    }
    return companions
  }
}
