import RouterTokenizer
import Testing

/// Expected values: Hugging Face `tokenizers` and `sentencepiece`, see .ci/fixtures/tokenizer.py.
@Suite struct ReferenceTests {
  @Test(arguments: Fixture.all)
  func encodesEveryLineAsTheReference(_ name: String) throws {
    let fixture = try Fixture.load(name)
    let tokenizer = try Tokenizer(fixture.definition)
    let lines = try Lines.load().lines
    #expect(lines.count == fixture.ids.count)
    for (line, ids) in zip(lines, fixture.ids) {
      #expect(tokenizer.encode(line) == ids, "\(line.debugDescription)")
    }
  }

  @Test(arguments: Fixture.all)
  func encodesGeneratedLinesAsTheReference(_ name: String) throws {
    let fixture = try Fixture.load(name)
    let tokenizer = try Tokenizer(fixture.definition)
    let lines = try Lines.load()
    #expect(lines.digests(lines.generated().map { tokenizer.encode($0) }) == fixture.digests)
  }

  @Test(arguments: Fixture.byteLevel)
  func parsesSpecialTokensAsTheReferenceWhenAsked(_ name: String) throws {
    let fixture = try Fixture.load(name)
    let tokenizer = try Tokenizer(fixture.definition)
    let parsed = try #require(fixture.parsed)
    for (line, ids) in zip(try Lines.load().lines, parsed) {
      #expect(tokenizer.encode(line, specialTokens: .parse) == ids, "\(line.debugDescription)")
    }
    #expect(parsed != fixture.ids)
  }

  @Test(arguments: Fixture.all)
  func decodesAsTheReference(_ name: String) throws {
    let fixture = try Fixture.load(name)
    let tokenizer = try Tokenizer(fixture.definition)
    #expect(!fixture.samples.isEmpty)
    for (ids, text) in zip(fixture.samples, fixture.decoded) {
      #expect(tokenizer.decode(ids).bytes == text.bytes, "\(ids)")
    }
  }

  @Test func takesAWordThatIsATokenWholeOnlyIfMergesAreIgnored() throws {
    let definition = try Fixture.load("llama3").definition
    let word = try #require(definition.tokens.firstIndex(of: "\u{120}extraordinary"))
    #expect(try Tokenizer(definition).encode(" extraordinary") == [TokenID(word)])

    guard case .byteLevelBPE(let preTokenizer, let merges, _) = definition.kind else {
      Issue.record("the fixture isn't byte-level")
      return
    }
    var merging = definition
    merging.kind = .byteLevelBPE(preTokenizer: preTokenizer, merges: merges, ignoreMerges: false)
    #expect(try Tokenizer(merging).encode(" extraordinary").count > 1)
  }
}
