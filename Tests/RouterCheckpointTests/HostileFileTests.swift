import RouterCheckpoint
import Testing

/// Files made with intent: every table and checksum is right, and the content is not.
struct HostileFileTests {
  private static let norm = #""model.norm.weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#
  private static let data = [UInt8](repeating: 1, count: 16)

  private func header(_ members: String...) -> String {
    "{" + ([metadataJSON()] + members).joined(separator: ",") + "}"
  }

  @Test func theHonestForgeryLoads() throws {
    #expect(try Forgery(json: header(Self.norm), data: Self.data).failure() == nil)
    #expect(try Forgery(json: header(), data: []).failure() == nil)
    let spaced = " { \(metadataJSON()) ,\n\t\(Self.norm)\r} "
    #expect(try Forgery(json: spaced, data: Self.data).failure() == nil)
  }

  private static let tensors: [String] = [
    // Shapes
    #""a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4e0],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[04],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":4,"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[0],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4,0],"data_offsets":[0,0]}"#,
    #""a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[99999999999999999999999999],"data_offsets":[0,16]}"#,
    // Offsets
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[0]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[0,16,16]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[0,15]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775807,9223372036854775807]}"#,
    #""a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}"#,
    #""a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#,
    #""a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}"#,
    // Two tensors
    #""a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]},"b":{"dtype":"U8","shape":[9],"data_offsets":[7,16]}"#,
    #""a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]},"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#,
    #""a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#,
    // Fields
    #""a":{"dtype":"F31","shape":[4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":7,"shape":[4],"data_offsets":[0,16]}"#,
    #""a":{"shape":[4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4]}"#,
    #""a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}"#,
    #""a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"extra":1}"#,
    #""a":null"#, #""a":[]"#, #""a":{}"#,
    // Names
    #""":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    #""a\u0000b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    #""a\u001b[2J":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    #""a b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    #""\ud83e\udd99":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    "\"\(String(repeating: "a", count: 513))\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}",
    // Layers and planes
    #""model.layers.2.a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#,
    #""model.layers.0.a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#,
    #""a.exponent":{"dtype":"U8","shape":[4,4],"data_offsets":[0,16]}"#,
    #""a.mantissa":{"dtype":"U8","shape":[4,4],"data_offsets":[0,16]}"#,
    #""a.exponent":{"dtype":"U8","shape":[2,4],"data_offsets":[0,8]},"b.mantissa":{"dtype":"U8","shape":[2,4],"data_offsets":[8,16]}"#,
    #""a.exponent":{"dtype":"U8","shape":[2,4],"data_offsets":[0,8]},"a.mantissa":{"dtype":"U8","shape":[4,2],"data_offsets":[8,16]}"#,
    #""a.exponent":{"dtype":"I8","shape":[2,4],"data_offsets":[0,8]},"a.mantissa":{"dtype":"U8","shape":[2,4],"data_offsets":[8,16]}"#,
    #""a.exponent":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a.mantissa":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#,
    #""a.exponent":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"a.mantissa":{"dtype":"U8","shape":[2,2],"data_offsets":[4,8]},"a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#,
  ]

  @Test(arguments: tensors) func aMalformedTensorIsRefused(tensor: String) throws {
    let error = try #require(try Forgery(json: header(tensor), data: Self.data).failure())
    #expect(error.code == .malformedHeader, "\(error)")
    #expect(!"\(error)".unicodeScalars.contains { $0.value < 0x20 }, "control characters reach the terminal")
  }

  private static let texts: [String] = [
    "", " ", "null", "[]", "7", "\"\"", "{", "{}", "{}}", "{,}", #"{"#, #"{"a"#, #"{"a":"#, #"{"a":{"#,
    "{\(metadataJSON())", "{\(metadataJSON()),}", "{\(metadataJSON())}x", "{\(metadataJSON())}\u{0}",
    "{\(metadataJSON()),\(metadataJSON())}", "{\(metadataJSON()) \(norm)}", "{\(metadataJSON());\(norm)}",
    #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":{"a":"x","a":"y"}}"#, #"{"__metadata__":{"a":{}}}"#,
    #"{"__metadata__":null}"#, #"{"__metadata__":{"a":"\x"}}"#, #"{"__metadata__":{"a":"\ud800"}}"#,
    #"{"__metadata__":{"a":"\ud800\u0041"}}"#, #"{"__metadata__":{"a":"\u12"}}"#,
    #"{"__metadata__":{"a":"\u00zz"}}"#, #"{"__metadata__":{"a":"\"#, "{\"__metadata__\":{\"a\":\"\n\"}}",
    String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000),
    #"{"a":"# + String(repeating: "[", count: 100_000),
    #"{"__metadata__":{"a":"# + String(repeating: "{", count: 9),
  ]

  @Test func malformedTextIsRefused() throws {
    for (index, text) in Self.texts.enumerated() {
      let error = try #require(try Forgery(json: text, data: Self.data).failure(), "text \(index)")
      #expect([.malformedHeader, .invalidMetadata].contains(error.code), "text \(index): \(error)")
    }
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    var contents = [Forgery.header(header(Self.norm)), Self.data]
    let place = try #require(contents[0].firstIndex(of: UInt8(ascii: "f")))
    contents[0][place] = 0xFF
    #expect(try Forgery(contents: contents).failure()?.code == .malformedHeader)
  }

  private static let metadataChanges: [(key: String, value: String?, code: CheckpointError.Code)] = [
    ("router.format_version", nil, .invalidMetadata),
    ("router.format_version", "one", .malformedHeader),
    ("router.format_version", "-1", .malformedHeader),
    ("router.format_version", "2", .unsupportedVersion),
    ("router.name", "", .invalidMetadata),
    ("router.exits", nil, .invalidMetadata),
    ("router.exits", "[]", .invalidMetadata),
    ("router.exits", "[1]", .invalidMetadata),
    ("router.exits", "[2,1]", .invalidMetadata),
    ("router.exits", "[1,1,2]", .invalidMetadata),
    ("router.exits", "[0,2]", .invalidMetadata),
    ("router.exits", "[2,3]", .invalidMetadata),
    ("router.exits", "[1.5,2]", .invalidMetadata),
    ("router.exits", "[1e300,2]", .invalidMetadata),
    ("router.exits", String(repeating: "[", count: 60_000), .invalidMetadata),
    ("router.exits", String(repeating: " ", count: 70_000), .malformedHeader),
    ("router.config", "{}", .invalidMetadata),
    ("router.config", "[", .invalidMetadata),
    ("router.config", String(repeating: #"{"a":"#, count: 9_000), .invalidMetadata),
    ("router.provenance", "7", .invalidMetadata),
    ("router.tokenizer", nil, .invalidMetadata),
  ]

  @Test func malformedMetadataIsRefused() throws {
    for change in Self.metadataChanges {
      let json = "{\(metadataJSON(replacing: [change.key: change.value])),\(Self.norm)}"
      let error = try Forgery(json: json, data: Self.data).failure()
      #expect(error?.code == change.code, "\(change): \(String(describing: error))")
    }
  }

  @Test func aHeaderLengthBeyondTheFileIsRefused() throws {
    let good = Forgery.header(header(Self.norm))
    for length: UInt64 in [0, 1, UInt64(good.count), 100_000_000, 100_000_001, 1 << 40, 1 << 63, .max] {
      var contents = [good, Self.data]
      for i in 0..<8 { contents[0][i] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(i))) }
      #expect(try Forgery(contents: contents).failure()?.code == .malformedHeader, "\(length)")
    }
    #expect(try Forgery(contents: [[1, 2, 3], Self.data]).failure()?.code == .malformedHeader)
    #expect(try Forgery(contents: [good + Self.data]).failure()?.code == .malformedHeader)
  }

  @Test func aFrameOfTwoLayersIsRefused() throws {
    let json = header(
      #""model.layers.0.a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}"#,
      #""model.layers.1.a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}"#)
    #expect(try Forgery(json: json, data: Self.data).failure()?.code == .corrupt)
    let half = Array(Self.data.prefix(8))
    #expect(try Forgery(contents: [Forgery.header(json), half, half]).failure() == nil)
  }

  @Test func framesThatContradictTheTablesAreRefused() throws {
    let contents = [Forgery.header(header(Self.norm)), Self.data]
    func code(_ damage: @escaping (inout [UInt8]) -> Void) throws -> CheckpointError.Code? {
      var forgery = Forgery(contents: contents)
      forgery.damage = { index, bytes in if index == 1 { damage(&bytes) } }
      return try forgery.failure()?.code
    }
    #expect(try code { _ in } == nil)
    // Another frame: larger, smaller, two in one, a skippable one, none.
    for content in [[UInt8](repeating: 1, count: 1 << 16), [1, 2], []] {
      let frame = try content.withUnsafeBytes {
        try FrameCompressor(level: 1).frame($0, kind: .ordinary).bytes
      }
      #expect(try code { $0 = frame } == .corrupt)
      #expect(try code { $0 += frame } == .corrupt)
    }
    #expect(try code { $0 = DigestFrame(digests: [1]).encoded() } == .corrupt)
    #expect(try code { $0 = [0] } == .corrupt)
    #expect(try code { $0.removeLast(4) } == .corrupt)
    // Without a checksum (descriptor bit 2), with a wrong one, and with other content under a right one.
    #expect(
      try code {
        $0[4] &= ~0b100
        $0.removeLast(4)
      } == .corrupt)
    #expect(try code { $0[$0.count - 1] ^= 1 } == .corrupt)
    let other = [UInt8](repeating: 2, count: 16)
    let frame = try other.withUnsafeBytes { try FrameCompressor(level: 1).frame($0, kind: .ordinary).bytes }
    #expect(try code { $0 = frame.dropLast(4) + $0.suffix(4) } == .corrupt)
  }

  @Test func impossibleSeekTablesAreRefused() throws {
    let damages: [(inout SeekTable) -> Void] = [
      { $0.entries.removeLast() }, { $0.entries.removeFirst() }, { $0.entries.removeAll() },
      { $0.entries[0].decompressedByteCount += 1 }, { $0.entries[0].decompressedByteCount = 0 },
      { $0.entries[1].decompressedByteCount = .max }, { $0.entries[1].checksum ^= 1 },
      { $0.entries[0].compressedByteCount += 1 }, { $0.entries[1].compressedByteCount = .max },
      { $0.entries[2].decompressedByteCount = 1 }, { $0.entries[2].checksum = 1 },
      { $0.entries.swapAt(0, 1) }, { $0.entries.append($0.entries[0]) },
      { table in
        table.entries[0].compressedByteCount += 1
        table.entries[1].compressedByteCount -= 1
      },
    ]
    for (index, damage) in damages.enumerated() {
      var forgery = Forgery(json: header(Self.norm), data: Self.data)
      forgery.tableDamage = damage
      let error = try #require(try forgery.failure(), "damage \(index)")
      #expect(
        [.corrupt, .notACheckpoint, .malformedHeader].contains(error.code), "damage \(index): \(error)")
    }
  }

  /// 16 GiB of zeros in a few kilobytes: every number is consistent, and no memory may be spent on it.
  @Test func aDecompressionBombIsRefusedBeforeMemoryIsAllocated() throws {
    let frameSize = 64 << 20
    let count = 256
    let tensor =
      "\"a\":{\"dtype\":\"U8\",\"shape\":[\(frameSize * count)],\"data_offsets\":[0,\(frameSize * count)]}"
    var forgery = Forgery(contents: [Forgery.header(header(tensor))] + Array(repeating: [0], count: count))
    forgery.tableDamage = { table in
      for index in 1...count { table.entries[index].decompressedByteCount = UInt32(frameSize) }
    }
    #expect(try forgery.failure()?.code == .tooLarge)
  }

  @Test func aFrameThatDeclaresLessThanItHoldsIsRefusedBeforeMemoryIsAllocated() throws {
    let tensor = #""a":{"dtype":"U8","shape":[60000000],"data_offsets":[0,60000000]}"#
    var forgery = Forgery(contents: [Forgery.header(header(tensor)), [0]])
    forgery.tableDamage = { $0.entries[1].decompressedByteCount = 60_000_000 }
    let error = try forgery.failure()
    #expect(error?.code == .corrupt)
    #expect(error?.what == "a frame declares another size than the seek table")
  }
}
