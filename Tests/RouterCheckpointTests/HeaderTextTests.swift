import RouterCheckpoint
import Testing

/// Strings in a header's JSON.
struct HeaderTextTests {
  private func value(_ literal: String) throws -> String? {
    try parse(Array("{\"__metadata__\":{\"key\":".utf8) + Array(literal.utf8) + Array("}}".utf8))
  }

  private func parse(_ json: [UInt8]) throws -> String? {
    // The length before the JSON shifts its indices.
    try SafetensorsHeader(parsing: ([0, 0, 0] + json)[3...], dataByteCount: 0).metadata["key"]
  }

  @Test(arguments: [
    (#""""#, ""), (#""plain é 😀""#, "plain é 😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\uD83D\uDE00!""#, "Aé😀!"), (#""a\\""#, "a\\"), (#""\\\"""#, "\\\""),
  ])
  func escapesAreResolved(_ literal: String, _ text: String) throws {
    #expect(try value(literal) == text)
  }

  @Test(arguments: [
    #"""#, #""\""#, #""a"#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\uD83D""#, #""\uD83Dx""#, #""\uDE00""#,
    "\"a\nb\"", "\"\\\n\"",
  ])
  func brokenStringsAreRefused(_ literal: String) {
    let error = #expect(throws: CheckpointError.self) { try value(literal) }
    #expect(error?.code == .malformedHeader)
  }

  @Test func bytesThatAreNoTextAreRefused() {
    for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x5C, 0x6E, 0xC0, 0x80]] {
      let json = Array("{\"__metadata__\":{\"key\":\"".utf8) + bytes + Array("\"}}".utf8)
      #expect(throws: CheckpointError.self) { try parse(json) }
    }
  }

  @Test func anErrorCountsFromTheBeginningOfTheJSON() {
    // 24 bytes come before the backslash's letter.
    let error = #expect(throws: CheckpointError.self) { try value(#""\x""#) }
    #expect(error?.what.contains("at byte 26 of") == true, "\(error?.what ?? "")")
  }
}
