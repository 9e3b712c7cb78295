/// The seek table of the zstd seekable format, version 0.1.0, which ends the file in a skippable frame:
/// per frame {u32 compressed size, u32 decompressed size, u32 checksum}, then {u32 frame count,
/// u8 descriptor, u32 magic}.
package struct SeekTable: Equatable {
  /// One frame of the file.
  package struct Entry: Equatable {
    /// Bytes that the frame takes in the file.
    package var compressedByteCount: UInt32
    /// Bytes of its content; 0 for a skippable frame.
    package var decompressedByteCount: UInt32
    /// Low 32 bits of the XXH64 of its content; 0 for a skippable frame.
    package var checksum: UInt32

    /// Creates an entry.
    package init(compressedByteCount: UInt32, decompressedByteCount: UInt32, checksum: UInt32) {
      self.compressedByteCount = compressedByteCount
      self.decompressedByteCount = decompressedByteCount
      self.checksum = checksum
    }
  }

  package var entries: [Entry]

  /// Creates a table.
  package init(entries: [Entry]) {
    self.entries = entries
  }

  static let skippableMagic: UInt32 = 0x184D_2A5E
  static let footerMagic: UInt32 = 0x8F92_EAB1
  /// Checksums present, every reserved bit zero.
  static let descriptor: UInt8 = 0x80
  static let footerByteCount = 9
  static let entryByteCount = 12
  static let skippableHeaderByteCount = 8

  /// Bytes that a table of `count` entries takes, with the skippable frame around it.
  static func byteCount(entries count: Int) -> Int {
    skippableHeaderByteCount + count * entryByteCount + footerByteCount
  }

  /// The table as the file holds it.
  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: Self.skippableMagic)
    bytes.append(littleEndian: UInt32(entries.count * Self.entryByteCount + Self.footerByteCount))
    for entry in entries {
      bytes.append(littleEndian: entry.compressedByteCount)
      bytes.append(littleEndian: entry.decompressedByteCount)
      bytes.append(littleEndian: entry.checksum)
    }
    bytes.append(littleEndian: UInt32(entries.count))
    bytes.append(Self.descriptor)
    bytes.append(littleEndian: Self.footerMagic)
    return bytes
  }
}

extension SeekTable {
  /// Reads the table at the end of `file` and checks that its frames fill the rest of the file.
  ///
  /// - Throws: ``CheckpointError`` with code `notACheckpoint` or `corrupt`.
  init(readingFrom file: RandomAccessFile) throws(CheckpointError) {
    guard file.byteCount >= Self.byteCount(entries: 1) else { throw try Self.unrecognised(file) }
    let footerStart = file.byteCount - Self.footerByteCount
    let footer = try file.bytes(in: footerStart..<file.byteCount)
    guard footer.littleEndian(at: 5) == Self.footerMagic else { throw try Self.unrecognised(file) }
    let count = Int(footer.littleEndian(at: 0, as: UInt32.self))
    guard footer[4] == Self.descriptor, count > 0, Self.byteCount(entries: count) < file.byteCount else {
      throw .corrupt("the seek table's footer is damaged", file: file, offset: footerStart)
    }
    let start = file.byteCount - Self.byteCount(entries: count)
    let bytes = try file.bytes(in: start..<footerStart)
    let declared = Int(bytes.littleEndian(at: 4, as: UInt32.self))
    guard bytes.littleEndian(at: 0) == Self.skippableMagic,
      declared == Self.byteCount(entries: count) - Self.skippableHeaderByteCount
    else {
      throw .corrupt("the seek table is damaged", file: file, offset: start)
    }
    entries = (0..<count).map { index in
      let place = Self.skippableHeaderByteCount + index * Self.entryByteCount
      return Entry(
        compressedByteCount: bytes.littleEndian(at: place),
        decompressedByteCount: bytes.littleEndian(at: place + 4),
        checksum: bytes.littleEndian(at: place + 8))
    }
    let total = entries.reduce(0) { $0 + Int($1.compressedByteCount) }
    guard total == start else {
      throw .corrupt(
        "the seek table describes \(total) bytes of frames where the file has \(start)", file: file,
        offset: start)
    }
  }

  /// The error for a file that does not end in a seek table, by what it begins with.
  private static func unrecognised(_ file: RandomAccessFile) throws(CheckpointError) -> CheckpointError {
    let start = try file.bytes(in: 0..<Swift.min(file.byteCount, 4))
    if start == [0x28, 0xB5, 0x2F, 0xFD] {
      return .corrupt(
        "the file is cut short, or is not a router checkpoint", file: file, offset: file.byteCount)
    }
    let what = start == Array("GGUF".utf8) ? "this is a GGUF file" : "this is not a router checkpoint"
    return CheckpointError(
      .notACheckpoint, what, at: .init(file: file.path),
      remedy: "Make a checkpoint of a GGUF file or a Hugging Face directory with `router import`.")
  }
}

extension CheckpointError {
  /// An error that says where the file is damaged.
  static func corrupt(_ what: String, file: RandomAccessFile, offset: Int, tensor: String? = nil) -> Self {
    CheckpointError(
      .corrupt, what, at: .init(file: file.path, tensor: tensor, offset: offset),
      remedy: "Obtain or import the file again.")
  }
}
