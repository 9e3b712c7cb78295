import RouterImport
import Testing

@Suite struct JSONParserTests {
  private func parse(_ text: String) throws -> JSONValue {
    try JSONParser.parse(Array(text.utf8), file: "x.json")
  }

  @Test func readsEveryKindOfValue() throws {
    #expect(try parse(" null ") == .null)
    let array: [JSONValue] = [.bool(true), .bool(false), .integer(0), .integer(12), .double(-350)]
    #expect(try parse("[true, false, -0, 12, -3.5e2]") == .array(array))
    #expect(try parse(#"{"a": {}, "b": []}"#)["b"] == .array([]))
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("9223372036854775808") == .double(0x1p63))
    #expect(try parse(#""a\n\"\\\/\u00e9\ud83e\udd8a🦊""#) == .string("a\n\"\\/é🦊🦊"))
  }

  @Test func theLastOfRepeatedKeysCounts() throws {
    #expect(try parse(#"{"a": 1, "a": 2}"#)["a"] == .integer(2))
  }

  @Test(
    arguments: [
      "", "{", "[", "\"", "\"\\", "\"\\u12", "tru", "nul", "01x", "-", "1e", "[1,]", "{\"a\"}", "{\"a\":}",
      "{a: 1}",
      "[1] 2", "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "1e999", "+1", "[1 2]",
    ])
  func refusesWhatIsNotJSON(text: String) throws {
    let error = #expect(throws: ImportError.self) { try parse(text) }
    #expect(error?.location?.file == "x.json")
    #expect((0...text.utf8.count).contains(try #require(error?.location?.offset)))
  }

  @Test func refusesDeepNestingWithoutRecursingIntoIt() {
    let deep = String(repeating: "[", count: 1_000_000)
    let error = #expect(throws: ImportError.self) { try parse(deep) }
    #expect(error?.what.contains("deeper") == true)
  }

  @Test func refusesInvalidUTF8() {
    #expect(throws: ImportError.self) { try JSONParser.parse([0x22, 0xC3, 0x28, 0x22], file: "x") }
    #expect(throws: ImportError.self) { try JSONParser.parse([0x22, 0x5C, 0x6E, 0xFF, 0x22], file: "x") }
  }
}
