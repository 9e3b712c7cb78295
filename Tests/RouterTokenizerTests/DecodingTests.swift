import RouterRandom
import RouterTokenizer
import Testing

@Suite struct DecodingTests {
  @Test(arguments: ["gpt2", "llama3"])
  func decodingUndoesEncodingOfAnyText(_ name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let lines = try Lines.load()
    let wrong = (lines.lines + lines.generated()).filter { line in
      tokenizer.decode(tokenizer.encode(line), skippingSpecial: false).bytes != line.bytes
    }
    #expect(wrong.isEmpty)
  }

  @Test func decodingUndoesEncodingOfAnyTextWithByteFallback() throws {
    let tokenizer = try Fixture.tokenizer("sentencepiece")
    let lines = try Lines.load()
    // A mark in the text reads as a space.
    let wrong = (lines.lines + lines.generated()).filter { line in
      !line.unicodeScalars.contains("\u{2581}")
        && tokenizer.decode(tokenizer.encode(line)).bytes != line.bytes
    }
    #expect(wrong.isEmpty)
  }

  @Test(arguments: Fixture.all, [true, false])
  func streamedTextIsOneShotText(_ name: String, _ skippingSpecial: Bool) throws {
    let tokenizer = try Fixture.tokenizer(name)
    var random = SplitMix64(seed: 1)
    for _ in 0..<200 {
      let ids = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        TokenID.random(in: 0..<TokenID(tokenizer.vocabularySize), using: &random)
      }
      for continuing in [true, false] {
        var decoder = tokenizer.makeStreamingDecoder(skippingSpecial: skippingSpecial, continuing: continuing)
        let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
        let whole = tokenizer.decode(ids, skippingSpecial: skippingSpecial, continuing: continuing)
        #expect(streamed.bytes == whole.bytes)
      }
      // Continuing, nothing but specials may be lost: the text is that of the tokens' bytes.
      let kept = ids.filter { !skippingSpecial || !tokenizer.isSpecial($0) }
      let bytes = kept.flatMap { tokenizer.bytes(of: $0) }
      let text = tokenizer.decode(ids, skippingSpecial: skippingSpecial, continuing: true)
      #expect(text.bytes == String(decoding: bytes, as: UTF8.self).bytes)
    }
  }

  @Test func aCharacterAppearsWithTheTokenThatCompletesIt() throws {
    let tokenizer = try Fixture.tokenizer("sentencepiece")
    let ids = tokenizer.encode("\u{1F9FF}")
    var decoder = tokenizer.makeStreamingDecoder()
    #expect(ids.count == 5)
    #expect(ids.map { decoder.append($0) } == ["", "", "", "", "\u{1F9FF}"])
    #expect(decoder.finish().isEmpty)
  }

  @Test func anUnfinishedCharacterBecomesAReplacementCharacterAtTheEnd() throws {
    let tokenizer = try Fixture.tokenizer("sentencepiece")
    var decoder = tokenizer.makeStreamingDecoder()
    for id in tokenizer.encode("\u{1F9FF}").dropLast() { #expect(decoder.append(id).isEmpty) }
    #expect(decoder.finish() == "\u{FFFD}")
  }

  @Test func theSpaceInFrontIsDroppedOnceUnlessTheTextContinues() throws {
    let tokenizer = try Fixture.tokenizer("sentencepiece")
    let ids = tokenizer.encode("  two")
    #expect(tokenizer.decode(ids) == "  two")
    #expect(tokenizer.decode(ids, continuing: true) == "   two")
    #expect(tokenizer.decode([1] + ids, skippingSpecial: false) == "<s>   two")
  }

  @Test func tokensOutOfRangeHaveNoText() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    #expect(tokenizer.decode([-1, TokenID(tokenizer.vocabularySize), .max]).isEmpty)
    #expect(tokenizer.bytes(of: -1).isEmpty)
    #expect(!tokenizer.isSpecial(.max))
  }
}
