import RouterRandom
import RouterTokenizer
import Testing

/// With a merge step that costs the length of the text these would not end.
@Suite struct LongTextTests {
  @Test(arguments: ["llama3", "sentencepiece"], ["a", " ", "=", "<|", "\u{1F642}"])
  func aHundredThousandRepeatedBytesEncode(_ name: String, _ unit: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    let text = String(repeating: unit, count: 100_000 / unit.utf8.count)
    #expect(tokenizer.decode(tokenizer.encode(text, specialTokens: .parse)).bytes == text.bytes)
  }

  @Test(arguments: ["gpt2", "sentencepiece"])
  func aRandomWordOfAHundredThousandLettersEncodes(_ name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    var random = SplitMix64(seed: 5)
    let letters = (0..<100_000).map { _ in UInt8.random(in: 0x61...0x7A, using: &random) }
    let text = String(decoding: letters, as: UTF8.self)
    #expect(tokenizer.decode(tokenizer.encode(text)).bytes == text.bytes)
  }
}
