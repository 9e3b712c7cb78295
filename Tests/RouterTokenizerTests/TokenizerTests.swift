import Foundation
import RouterTokenizer
import Testing

@Suite struct TokenizerTests {
  @Test func bosIsAddedWhereAskedAndNeverTwiceToAPrompt() throws {
    let tokenizer = try Fixture.tokenizer("sentencepiece")
    let plain = tokenizer.encode("Hello")
    #expect(tokenizer.encode("Hello", addBOS: true) == [1] + plain)
    #expect(tokenizer.encode([.text("Hello")]) == [1] + plain)
    #expect(tokenizer.encode([.bos, .text("Hello"), .eos]) == [1] + plain + [2])
    #expect(try Fixture.tokenizer("gpt2").encode([.bos, .eos]) == [0])
  }

  @Test func theSpacePrefixFollowsItsOption() throws {
    var definition = try Fixture.load("sentencepiece").definition
    guard case .sentencePieceBPE(let scores, let byteFallback, _, let trimming) = definition.kind else {
      Issue.record("the fixture isn't SentencePiece")
      return
    }
    let text = "a</s>a"
    let expected: [TokenizerDefinition.SpacePrefix: [String]] = [
      .always: ["\u{2581}a", "</s>", "\u{2581}a"], .first: ["\u{2581}a", "</s>", "a"],
      .never: ["a", "</s>", "a"],
    ]
    for (prefix, tokens) in expected {
      definition.kind = .sentencePieceBPE(
        scores: scores, byteFallback: byteFallback, addSpacePrefix: prefix, removeExtraWhitespaces: trimming)
      let tokenizer = try Tokenizer(definition)
      #expect(tokenizer.encode(text, specialTokens: .parse).map { definition.tokens[Int($0)] } == tokens)
      #expect(tokenizer.encode("", addBOS: true) == [1])
      #expect(tokenizer.decode(tokenizer.encode("a")) == "a")
    }
  }

  @Test func userDefinedTokensAreFoundInAnyTextTheLongestFirst() throws {
    var definition = try Fixture.load("gpt2").definition
    definition.chatTemplate = nil
    for token in ["<tool>", "<tool>x", "e tool"] {
      definition.tokens.append(token)
      definition.tokenKinds.append(.userDefined)
    }
    let tokenizer = try Tokenizer(definition)
    #expect(tokenizer.encode("the tool<tool>x<tool>") == tokenizer.encode("th") + [1002, 1001, 1000])
    #expect(tokenizer.decode([1002, 1001]) == "e tool<tool>x")
    #expect(!tokenizer.isSpecial(1000))
  }

  @Test func tokensThatEndATurnAreNeverTextWhateverTheFileSays() throws {
    var definition = try Fixture.load("gpt2").definition
    let safe = try Tokenizer(definition).encode("x<|im_end|><|endoftext|>")
    definition.tokenKinds[0] = .userDefined
    definition.tokenKinds[1] = .normal
    definition.tokenKinds[2] = .userDefined
    let tokenizer = try Tokenizer(definition)
    #expect(tokenizer.encode("x<|im_end|><|endoftext|>") == safe)
    #expect((0...2).allSatisfy { tokenizer.isSpecial($0) })
  }

  @Test func bytesOfTokensAreTheirText() throws {
    let piece = try Fixture.tokenizer("sentencepiece")
    #expect(piece.bytes(of: 3 + 0xE2) == [0xE2])
    #expect(piece.bytes(of: piece.encode("a")[0]) == [0x20, 0x61])
    let byteLevel = try Fixture.tokenizer("gpt2")
    #expect(byteLevel.encode("\u{E9} \n").flatMap { byteLevel.bytes(of: $0) } == [0xC3, 0xA9, 0x20, 0x0A])
    #expect(byteLevel.bytes(of: 2) == Array("<|im_end|>".utf8))
  }

  @Test func piecesThatAreCanonicallyEquivalentStayApart() throws {
    // U+2126 and U+03A9 are the same to `String ==`.
    let tokens = ["<unk>", "\u{2126}", "\u{3A9}"]
    let tokenizer = try Tokenizer(
      TokenizerDefinition(
        kind: .sentencePieceBPE(
          scores: [0, -1, -2], byteFallback: false, addSpacePrefix: .never, removeExtraWhitespaces: false),
        tokens: tokens, tokenKinds: [.unknown, .normal, .normal], unknownToken: 0))
    #expect(tokenizer.encode("\u{3A9}\u{2126}xy\u{3A9}") == [2, 1, 0, 2])
  }

  /// Hugging Face's converter of SentencePiece models lists the splits of each piece by descending score.
  @Test func scoresOfMergeRulesMergeAsTheScoresThatTheyCameFrom() throws {
    let fixture = try Fixture.load("sentencepiece")
    var definition = fixture.definition
    guard case .sentencePieceBPE(let scores, let byteFallback, let prefix, let trimming) = definition.kind
    else {
      Issue.record("the fixture isn't SentencePiece")
      return
    }
    let tokens = definition.tokens
    let pieces = Set(tokens)
    let merges = tokens.indices.filter { definition.tokenKinds[$0] == .normal }.sorted {
      scores[$0] > scores[$1]
    }
    .flatMap { index in
      tokens[index].indices.dropFirst().compactMap { split in
        let parts = [String(tokens[index][..<split]), String(tokens[index][split...])]
        return parts.allSatisfy(pieces.contains) ? parts.joined(separator: " ") : nil
      }
    }
    definition.kind = .sentencePieceBPE(
      scores: TokenizerDefinition.scores(ofMerges: merges, tokens: tokens), byteFallback: byteFallback,
      addSpacePrefix: prefix, removeExtraWhitespaces: trimming)
    let tokenizer = try Tokenizer(definition)
    for (line, ids) in zip(try Lines.load().lines, fixture.ids) { #expect(tokenizer.encode(line) == ids) }
  }

  @Test(arguments: Fixture.all)
  func definitionsSurviveJSON(_ name: String) throws {
    let definition = try Fixture.load(name).definition
    let data = try JSONEncoder().encode(definition)
    #expect(try JSONDecoder().decode(TokenizerDefinition.self, from: data) == definition)
  }
}
