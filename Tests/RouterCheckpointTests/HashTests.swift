import RouterCheckpoint
import RouterRandom
import RouterTestSupport
import Testing

struct HashTests {
  /// Published values for seed 0, from the xxHash project.
  @Test(arguments: [
    ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
  ])
  func xxh64MatchesPublishedValues(text: String, value: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes(XXH64.hash) == value)
  }

  /// zstd ends a frame with the low half of its content's XXH64, computed by its own code.
  @Test func xxh64MatchesZstdForEveryTailLength() throws {
    var generator = SplitMix64(seed: 3)
    let compressor = try FrameCompressor(level: 1)
    for count in Array(1...200) + [1000, 4096, 70_001] {
      let content = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try content.withUnsafeBytes { bytes in
        let frame = try compressor.frame(bytes, kind: .ordinary)
        #expect(frame.checksum == UInt32(truncatingIfNeeded: XXH64.hash(bytes)), "\(count) bytes")
      }
    }
  }

  /// FIPS 180-4 examples: one block, two blocks, and the empty message.
  @Test(arguments: [
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
  ])
  func sha256MatchesTheStandardsExamples(text: String, digest: String) throws {
    #expect(SHA256Digest.hex(of: text.utf8) == digest)
    let hasher = SHA256Digest.Hasher()
    for byte in text.utf8 { hasher.update([byte]) }
    #expect(hasher.hex() == digest)
    let directory = try TemporaryDirectory()
    #expect(try SHA256Digest.hex(ofFile: directory.write(Array(text.utf8), as: "text")) == digest)
  }

  @Test func hashingAMissingFileSaysSo() {
    let error = failure { () throws(CheckpointError) in _ = try SHA256Digest.hex(ofFile: "/nonexistent/file")
    }
    #expect(error?.code == .notFound)
    #expect(error?.location.file == "/nonexistent/file")
  }
}
