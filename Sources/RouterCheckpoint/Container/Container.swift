/// The frames of a file and its header: everything that is read before any weight.
struct Container {
  /// Frames in file order, the header's first.
  let frames: [FrameInfo]
  /// The safetensors header.
  let header: SafetensorsHeader
  /// What the header says about the model.
  let metadata: CheckpointMetadata
  /// Which tensor lies where.
  let stored: StoredTensors
  /// Where the data section starts in the decompressed file.
  let dataOffset: Int
  /// Identity of the model; see ``CheckpointReader/fingerprint``.
  let fingerprint: String

  /// Reads and checks the seek table, the digests and the header.
  init(readingFrom file: RandomAccessFile) throws(CheckpointError) {
    let table = try SeekTable(readingFrom: file)
    let unnamed = try Self.frames(of: table, in: file)
    let total = unnamed.last?.decompressedRange.upperBound ?? 0
    try ContainerLimits.check(decompressed: total, compressed: file.byteCount)

    let bytes = try Self.headerBytes(unnamed, in: file)
    let json = bytes[SafetensorsHeader.lengthByteCount...]
    header = try SafetensorsHeader(parsing: json, dataByteCount: total - bytes.count)
    metadata = try CheckpointMetadata(headerValues: header.metadata)
    stored = try StoredTensors(header.tensors, layerCount: metadata.configuration.layerCount)
    dataOffset = bytes.count

    var frames: [FrameInfo] = []
    for frame in unnamed {
      let section = try Self.section(of: frame, dataOffset: bytes.count, stored: stored, file: file)
      frames.append(
        FrameInfo(
          section: section, compressedRange: frame.compressedRange,
          decompressedRange: frame.decompressedRange,
          checksum: frame.checksum, digest: frame.digest))
    }
    self.frames = frames
    fingerprint = Self.fingerprint(header: bytes, frames: frames)
  }

  /// Places the table's frames; what they hold is not known yet, so all count as the header's.
  private static func frames(
    of table: SeekTable, in file: RandomAccessFile
  ) throws(CheckpointError) -> [FrameInfo] {
    let entries = table.entries.dropLast()
    let contentEnd = entries.reduce(0) { $0 + Int($1.compressedByteCount) }
    let tableStart = file.byteCount - SeekTable.byteCount(entries: table.entries.count)
    guard let last = table.entries.last, last.decompressedByteCount == 0, last.checksum == 0,
      !entries.isEmpty,
      tableStart - contentEnd == DigestFrame.byteCount(digests: entries.count),
      let digests = DigestFrame(parsing: try file.bytes(in: contentEnd..<tableStart), count: entries.count)
    else {
      throw .corrupt(
        "the digests before the seek table are missing or damaged", file: file, offset: contentEnd)
    }
    var frames: [FrameInfo] = []
    var place = 0
    var content = 0
    for (entry, digest) in zip(entries, digests.digests) {
      let sizes = (Int(entry.compressedByteCount), Int(entry.decompressedByteCount))
      guard (1...ContainerLimits.frameByteCounts.upperBound).contains(sizes.1),
        (1...ContainerLimits.maximumCompressedByteCount(of: sizes.1)).contains(sizes.0)
      else {
        throw .corrupt(
          "a frame of \(sizes.0) bytes with \(sizes.1) bytes of content is not allowed", file: file,
          offset: place)
      }
      frames.append(
        FrameInfo(
          section: .header, compressedRange: place..<place + sizes.0,
          decompressedRange: content..<content + sizes.1, checksum: entry.checksum, digest: digest))
      place += sizes.0
      content += sizes.1
    }
    return frames
  }

  /// The safetensors header with its length, which must end where a frame ends.
  private static func headerBytes(
    _ frames: [FrameInfo], in file: RandomAccessFile
  ) throws(CheckpointError) -> [UInt8] {
    let decompressor = try FrameDecompressor(file: file)
    var bytes: [UInt8] = []
    var end = SafetensorsHeader.lengthByteCount
    for frame in frames {
      try FrameDecompressor.checkDeclaredSize(of: frame, in: file)
      try decompressor.withContent(of: frame) { bytes += $0 }
      if frame.decompressedRange.lowerBound == 0 {
        guard bytes.count >= SafetensorsHeader.lengthByteCount else {
          throw .malformedHeader("the first frame is too short for a header")
        }
        let length = bytes.littleEndian(at: 0, as: UInt64.self)
        guard length <= SafetensorsHeader.maximumJSONByteCount else {
          throw .malformedHeader("the header claims \(length) bytes")
        }
        end += Int(length)
      }
      if bytes.count == end { return bytes }
      guard bytes.count < end else { throw .malformedHeader("a frame holds both header and weights") }
    }
    throw .malformedHeader("the header is longer than the file's content")
  }

  private static func section(
    of frame: FrameInfo, dataOffset: Int, stored: StoredTensors, file: RandomAccessFile
  ) throws(CheckpointError) -> FrameSection {
    let range = frame.decompressedRange
    if range.upperBound <= dataOffset { return .header }
    guard let section = stored.section(of: range.lowerBound - dataOffset..<range.upperBound - dataOffset)
    else {
      throw .corrupt("a frame belongs to two layers", file: file, offset: frame.compressedRange.lowerBound)
    }
    return section
  }

  private static func fingerprint(header: [UInt8], frames: [FrameInfo]) -> String {
    let hasher = SHA256Digest.Hasher()
    hasher.update(header)
    for frame in frames where frame.section != .header {
      var record: [UInt8] = []
      record.append(littleEndian: UInt32(frame.decompressedRange.count))
      record.append(littleEndian: frame.checksum)
      hasher.update(record)
    }
    return hasher.hex()
  }
}
