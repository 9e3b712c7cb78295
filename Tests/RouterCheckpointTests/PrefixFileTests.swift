import Foundation
import RouterCheckpoint
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Kept prefixes as files.
struct PrefixFileTests {
  private static let pageByteCount = 96

  private static func origin(_ fingerprint: String = "f") -> PrefixRecord.Origin {
    PrefixRecord.Origin(
      fingerprint: fingerprint, layerCount: 3, headCount: 2, width: 8, element: "f16", layout: "of a test",
      pagePositions: 4, pageByteCount: pageByteCount, activations: "int8", kernels: "scalar")
  }

  private static func token(_ index: Int) -> Int32 { Int32(index * 7 % 40) }
  private static func byte(_ page: Int, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: page * 131 + index * 17)
  }

  private static func source(_ name: String, tokens count: Int) -> PrefixFile.Source {
    PrefixFile.Source(
      entry: .init(name: name, tokenCount: count, created: 1_700_000_000 + count),
      tokens: (0..<count).map(token)
    ) { page, bytes in
      for index in bytes.indices { bytes[index] = byte(page, index) }
    }
  }

  private static func write(
    _ prefixes: [(String, Int)], to path: String
  ) throws(CheckpointError) {
    try PrefixFile.write(
      to: path, origin: origin(), prefixes: prefixes.map { source($0.0, tokens: $0.1) },
      base: metadata(exits: [1, 3]), tool: "tests")
  }

  private static func failureOfReading(_ path: String) -> CheckpointError? {
    failure { () throws(CheckpointError) in _ = try PrefixFile(path: path).load() }
  }

  @Test func whatIsWrittenIsRead() throws {
    let directory = try TemporaryDirectory()
    let (path, again) = (directory.file("a"), directory.file("b"))
    try Self.write([("b.c-d_1", 9), ("a", 4), ("B", 1)], to: path)
    let file = try PrefixFile(path: path)
    #expect(file.record.origin == Self.origin() && file.modelName == "tiny")
    #expect(file.record.prefixes.map(\.name) == ["B", "a", "b.c-d_1"] && file.record.pageCount == 5)
    let prefixes = try file.load()
    for prefix in prefixes {
      #expect(prefix.tokens == (0..<prefix.entry.tokenCount).map(Self.token))
      #expect(prefix.entry.created == 1_700_000_000 + prefix.entry.tokenCount)
      let pages = (prefix.entry.tokenCount + 3) / 4
      #expect(prefix.pages.byteCount == pages * Self.pageByteCount)
      let expected = (0..<pages).flatMap { page in (0..<Self.pageByteCount).map { Self.byte(page, $0) } }
      #expect(Array(prefix.pages.bytes) == expected)
    }
    try Self.write([("B", 1), ("b.c-d_1", 9), ("a", 4)], to: again)
    #expect(try fileBytes(again) == fileBytes(path), "whatever the order")
  }

  @Test func aFileMayHoldNone() throws {
    let directory = try TemporaryDirectory()
    try Self.write([], to: directory.file("a"))
    let file = try PrefixFile(path: directory.file("a"))
    #expect(try file.record.prefixes.isEmpty && file.load().isEmpty)
  }

  /// Other programs find a safetensors file in it.
  @Test func theHeaderSaysWhatItIs() throws {
    let directory = try TemporaryDirectory()
    try Self.write([("a", 5)], to: directory.file("a"))
    let reader = try CheckpointReader(path: directory.file("a"), contents: nil)
    #expect(reader.tensors.map(\.name).sorted() == ["prefixes.a.pages", "prefixes.a.tokens"])
    #expect(reader.tensors.map(\.dtype).sorted { $0.rawValue < $1.rawValue } == [.i32, .u8])
    let header = try #require(reader.frames.first)
    let text = String(decoding: try reader.content(of: header).dropFirst(8), as: UTF8.self)
    for part in [
      #""router.contents":"prefixes""#, #""router.format_version":"1""#, #"\"version\":1"#,
      #"\"model_sha256\":\"f\""#, #"\"element\":\"f16\""#, #"\"layout\":\"of a test\""#,
    ] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func eachKindOfFileIsRefusedInThePlaceOfTheOther() throws {
    let directory = try TemporaryDirectory()
    let (model, prefixes) = (directory.file("model"), directory.file("prefixes"))
    try sampleModel().write(to: model)
    try Self.write([("a", 5)], to: prefixes)
    let asPrefixes = try #require(Self.failureOfReading(model))
    #expect(asPrefixes.code == .invalidRequest && asPrefixes.location.file == model)
    #expect(asPrefixes.description.contains("the model tiny") && asPrefixes.remedy.contains("--prefix-file"))
    let asModel = try #require(failureOfLoading(prefixes))
    #expect(asModel.code == .invalidRequest && asModel.what.contains("prefixes kept for tiny"))
    let asAdapter = failure { () throws(CheckpointError) in _ = try AdapterFile(path: prefixes) }
    #expect(asAdapter?.code == .invalidRequest)
    let other = try directory.write(Array("not a file of ours, though long enough to be".utf8), as: "other")
    #expect(Self.failureOfReading(other)?.code == .notACheckpoint)
    #expect(Self.failureOfReading(other)?.remedy.contains("POST /v1/prefixes") == true)
    #expect(Self.failureOfReading(directory.path)?.code == .inputOutput)
    #expect(Self.failureOfReading(directory.file("missing"))?.code == .notFound)
  }

  @Test func aFileCutAtAnyByteIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("good")
    try Self.write([("a", 9), ("b", 3)], to: path)
    let size = try fileBytes(path).count
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    for length in stride(from: size - 1, through: 0, by: -1) {
      try handle.truncate(atOffset: UInt64(length))
      guard let error = Self.failureOfReading(path) else {
        Issue.record("a file cut to \(length) of \(size) bytes loads")
        return
      }
      #expect([.corrupt, .notACheckpoint].contains(error.code), "\(length): \(error)")
      #expect(error.location.file == path && error.remedy.contains("POST /v1/prefixes"))
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let directory = try TemporaryDirectory()
    try Self.write([("a", 5)], to: directory.file("good"))
    let good = try fileBytes(directory.file("good"))
    for bit in 0..<good.count * 8 {
      var bytes = good
      bytes[bit / 8] ^= 1 << (bit % 8)
      let damaged = try directory.write(bytes, as: "damaged")
      guard let error = Self.failureOfReading(damaged) else {
        Issue.record("bit \(bit % 8) of byte \(bit / 8) goes unnoticed")
        return
      }
      #expect(error.location.file == damaged)
    }
  }

  /// Bytes of a random kind of damage in random places, in what was a good file.
  @Test func randomBytesInRandomPlacesAreRefused() throws {
    let directory = try TemporaryDirectory()
    try Self.write([("a", 40), ("b", 17)], to: directory.file("good"))
    let good = try fileBytes(directory.file("good"))
    var random = SplitMix64(seed: 15)
    for round in 0..<300 {
      var bytes = good
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...64, using: &random))
      switch round % 3 {
      case 0: for index in place..<end { bytes[index] = UInt8.random(in: 0...255, using: &random) }
      case 1: bytes.removeSubrange(place..<end)
      default: bytes.insert(contentsOf: bytes[place..<end], at: place)
      }
      guard bytes != good else { continue }
      let damaged = try directory.write(bytes, as: "damaged")
      #expect(Self.failureOfReading(damaged) != nil, "round \(round)")
    }
  }

  // MARK: Files made with intent

  private static func record(
    _ prefixes: String, version: String = "1", page: String = "96", positions: String = "4"
  ) -> String {
    """
    {"version":\(version),"prefixes":[\(prefixes)],"origin":{"model_sha256":"f","layers":3,"heads":2,\
    "head_width":8,"element":"f16","layout":"x","page_positions":\(positions),"page_bytes":\(page),\
    "activations":"int8","kernels":"scalar"}}
    """
  }

  private static func entry(_ name: String = "a", _ tokens: String = "4") -> String {
    #"{"name":"\#(name)","tokens":\#(tokens),"created":1}"#
  }

  private static let tensors = [
    #""prefixes.a.tokens":{"dtype":"I32","shape":[4],"data_offsets":[0,16]}"#,
    #""prefixes.a.pages":{"dtype":"U8","shape":[1,96],"data_offsets":[16,112]}"#,
  ]

  private static func failureOfForgery(
    _ record: String?, contents: String? = "prefixes", tensors: [String] = tensors, byteCount: Int = 112
  ) throws -> CheckpointError? {
    let metadata = metadataJSON(replacing: ["router.contents": contents, "router.prefixes": record])
    let forgery = Forgery(
      json: "{" + ([metadata] + tensors).joined(separator: ",") + "}",
      data: [UInt8](repeating: 1, count: byteCount))
    let directory = try TemporaryDirectory()
    return failureOfReading(try directory.write(forgery.bytes(), as: "forged"))
  }

  @Test func theHonestForgeryLoads() throws {
    #expect(try Self.failureOfForgery(Self.record(Self.entry())) == nil)
  }

  @Test(arguments: [
    record(entry(), version: "2"), record(entry(), version: "0"), record(entry(), page: "0"),
    record(entry(), page: "-96"), record(entry(), page: "9223372036854775807"),
    record(entry(), page: "96.5"), record(entry(), page: "1e400"), record(entry(), positions: "0"),
    record(entry(), positions: "-4"), record(entry(), positions: "9223372036854775807"),
    record(entry("a", "0")), record(entry("a", "-4")), record(entry("a", "9223372036854775807")),
    record(entry("a", "99999999999999999999")), record(entry("a", "3")), record(entry("a", "5")),
    record(entry("a", "400")), record(entry("b")), record(entry("")), record(entry(".a")),
    record(entry("a/../b")), record(entry("a b")), record(entry("\\u0007")), record(entry("\u{1F999}")),
    record(entry(String(repeating: "a", count: 65))), record(entry() + "," + entry()),
    record(entry("b") + "," + entry("a")), record(""), record("1"), "", "{}", "[]", "null",
    String(repeating: "[", count: 100_000),
    record((0..<65).map { entry("n\($0 + 10)") }.joined(separator: ",")),
  ])
  func aRecordThatCannotBeIsRefused(record: String) throws {
    let error = try #require(try Self.failureOfForgery(record), "\(record.prefix(200))")
    #expect(error.location.file?.hasSuffix("forged") == true && !error.remedy.isEmpty)
  }

  @Test func tensorsThatDoNotFitTheRecordAreRefused() throws {
    let record = Self.record(Self.entry())
    let (tokens, pages) = (Self.tensors[0], Self.tensors[1])
    let stray = #""stray":{"dtype":"U8","shape":[4],"data_offsets":[112,116]}"#
    #expect(
      try Self.failureOfForgery(record, tensors: [tokens, pages, stray], byteCount: 116)?.code
        == .malformedHeader)
    #expect(try Self.failureOfForgery(record, tensors: [tokens], byteCount: 16)?.code == .missingTensor)
    #expect(
      try Self.failureOfForgery(record, tensors: [tokens.replacing("I32", with: "F32"), pages])?.code
        == .tensorMismatch)
    #expect(
      try Self.failureOfForgery(record, tensors: [tokens, pages.replacing("[1,96]", with: "[96,1]")])?.code
        == .tensorMismatch)
    #expect(
      try Self.failureOfForgery(record, tensors: [tokens, pages.replacing("[1,96]", with: "[2,48]")])?.code
        == .tensorMismatch)
    #expect(try Self.failureOfForgery(nil)?.code == .invalidMetadata)
    #expect(try Self.failureOfForgery(record, contents: "model") != nil)
    #expect(try Self.failureOfForgery(record, contents: "adapter") != nil)
    #expect(try Self.failureOfForgery(record, contents: "others") != nil)
  }

  /// A file that cannot be written leaves the one that was there.
  @Test func whatCannotBeWrittenLeavesTheOldFile() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a")
    try Self.write([("a", 5)], to: path)
    let before = try fileBytes(path)
    let error = failure { () throws(CheckpointError) in
      try Self.write([("not a name", 5)], to: path)
    }
    #expect(error?.code == .invalidMetadata && error?.location.file == path)
    #expect(try fileBytes(path) == before && directory.contents() == ["a"])
    let nowhere = failure { () throws(CheckpointError) in
      try Self.write([("a", 5)], to: directory.file("none/a"))
    }
    #expect(nowhere?.code == .notFound)
  }
}
