/// A skippable frame before the seek table that holds the XXH64 of every frame's compressed bytes.
///
/// A zstd frame has bits that no decoder looks at (an unused header bit, the window size of a frame that is
/// decoded in one piece, padding of its bit streams), and the content checksum does not cover them. With these
/// digests no bit of the file can change unnoticed. Other tools skip the frame.
package struct DigestFrame: Equatable {
  /// One digest for each frame before this one.
  package var digests: [UInt64]

  static let skippableMagic: UInt32 = 0x184D_2A5D
  /// Says what the payload is, since any program may write skippable frames.
  static let tag = Array("XXH64LE1".utf8)

  /// Bytes that the frame takes in the file.
  static func byteCount(digests count: Int) -> Int {
    SeekTable.skippableHeaderByteCount + tag.count + count * 8
  }

  /// The frame as the file holds it.
  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: Self.skippableMagic)
    bytes.append(littleEndian: UInt32(Self.tag.count + digests.count * 8))
    bytes += Self.tag
    for digest in digests { bytes.append(littleEndian: digest) }
    return bytes
  }

  /// Creates a frame.
  package init(digests: [UInt64]) {
    self.digests = digests
  }

  /// Parses the frame for `count` others; nil if it is not one.
  init?(parsing bytes: [UInt8], count: Int) {
    let start = SeekTable.skippableHeaderByteCount
    guard bytes.count == Self.byteCount(digests: count),
      bytes.littleEndian(at: 0) == Self.skippableMagic,
      Int(bytes.littleEndian(at: 4, as: UInt32.self)) == bytes.count - start,
      bytes[start..<start + Self.tag.count].elementsEqual(Self.tag)
    else { return nil }
    digests = (0..<count).map { bytes.littleEndian(at: start + Self.tag.count + $0 * 8) }
  }
}
