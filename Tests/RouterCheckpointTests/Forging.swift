import RouterCheckpoint
import RouterTestSupport

/// Makes files that the writer would not make, with tables and digests that are right unless a test says else.
struct Forgery {
  /// Contents of the frames, the first of which is the header's.
  var contents: [[UInt8]]
  /// Changes a frame after it was compressed.
  var damage: (Int, inout [UInt8]) -> Void = { _, _ in }
  /// Changes the seek table before it is written.
  var tableDamage: (inout SeekTable) -> Void = { _ in }

  /// A file with a header of the given JSON and one frame of `data`.
  init(json: String, data: [UInt8]) {
    contents = [Forgery.header(json)]
    if !data.isEmpty { contents.append(data) }
  }

  init(contents: [[UInt8]]) {
    self.contents = contents
  }

  static func header(_ json: String) -> [UInt8] {
    let count = UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(json.utf8)
  }

  func bytes() throws -> [UInt8] {
    let compressor = try FrameCompressor(level: 1)
    var file: [UInt8] = []
    var entries: [SeekTable.Entry] = []
    var digests: [UInt64] = []
    for (index, content) in contents.enumerated() {
      let frame = try content.withUnsafeBytes { try compressor.frame($0, kind: .ordinary) }
      var bytes = frame.bytes
      damage(index, &bytes)
      file += bytes
      entries.append(
        .init(
          compressedByteCount: UInt32(bytes.count), decompressedByteCount: UInt32(content.count),
          checksum: frame.checksum))
      digests.append(bytes.withUnsafeBytes(XXH64.hash))
    }
    let digestFrame = DigestFrame(digests: digests).encoded()
    file += digestFrame
    entries.append(
      .init(compressedByteCount: UInt32(digestFrame.count), decompressedByteCount: 0, checksum: 0))
    var table = SeekTable(entries: entries)
    tableDamage(&table)
    return file + table.encoded()
  }

  /// The error of opening and loading the file; nil if there is none.
  func failure() throws -> CheckpointError? {
    let directory = try TemporaryDirectory()
    return failureOfLoading(try directory.write(bytes(), as: "forged"))
  }
}

/// The metadata of a header that is right, as JSON members; `replacing` changes single values.
func metadataJSON(replacing changes: [String: String?] = [:]) -> String {
  var values: [String: String?] = [
    "router.format_version": "1", "router.name": "forged", "router.exits": "[1,2]", "router.tokenizer": "{}",
    "router.quantization": "f32", "router.provenance": #"{"source":"s","tool":"t"}"#,
    "router.config": """
    {"family":"llama","layer_count":2,"width":32,"head_count":4,"key_value_head_count":2,"head_width":8,\
    "feed_forward_width":64,"vocabulary_size":40,"context_length":128,"norm_epsilon":1e-05,\
    "rotary":{"base":10000,"scaling":{"kind":"none"}},"tied_head":true,"attention_bias":false}
    """,
  ]
  values.merge(changes) { _, new in new }
  let members = values.sorted { $0.key < $1.key }.compactMap { key, value in
    value.map { "\"\(key)\":\"\($0.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined())\"" }
  }
  return "\"__metadata__\":{\(members.joined(separator: ","))}"
}
