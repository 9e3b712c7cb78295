import RouterTokenizer
import Testing

@Suite struct ValidationTests {
  private func byteLevel(_ change: (inout TokenizerDefinition) -> Void) -> TokenizerDefinition {
    var definition = TokenizerDefinition(
      kind: .byteLevelBPE(preTokenizer: .gpt2, merges: ["a b"], ignoreMerges: false),
      tokens: ["a", "b", "ab", "<end>"], tokenKinds: [.normal, .normal, .normal, .control])
    change(&definition)
    return definition
  }

  private func pieces(
    _ scores: [Float], byteFallback: Bool = false, _ change: (inout TokenizerDefinition) -> Void = { _ in }
  )
    -> TokenizerDefinition
  {
    var definition = TokenizerDefinition(
      kind: .sentencePieceBPE(
        scores: scores, byteFallback: byteFallback, addSpacePrefix: .always, removeExtraWhitespaces: false),
      tokens: ["<unk>", "a", "<0x41>"], tokenKinds: [.unknown, .normal, .byte], unknownToken: 0)
    change(&definition)
    return definition
  }

  private func code(_ definition: TokenizerDefinition) -> TokenizerError.Code? {
    do {
      _ = try Tokenizer(definition)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func soundDefinitionsAreAccepted() {
    #expect(code(byteLevel { _ in }) == nil)
    #expect(code(pieces([0, -1, 0])) == nil)
  }

  @Test func vocabulariesOfTheWrongSizeAreRefused() {
    #expect(code(byteLevel { $0.tokenKinds.removeLast() }) == .invalidVocabulary)
    #expect(
      code(
        byteLevel {
          $0.tokens = []
          $0.tokenKinds = []
        }) == .invalidVocabulary)
    #expect(code(pieces([0, -1])) == .invalidVocabulary)
    #expect(code(pieces([0, .nan, 0])) == .invalidVocabulary)
    #expect(code(pieces([0, -.infinity, 0])) == .invalidVocabulary)
  }

  @Test func idsOutOfRangeAreRefused() {
    #expect(code(byteLevel { $0.bosToken = 4 }) == .tokenOutOfRange)
    #expect(code(byteLevel { $0.eosToken = -1 }) == .tokenOutOfRange)
    #expect(code(byteLevel { $0.unknownToken = .max }) == .tokenOutOfRange)
    #expect(code(byteLevel { $0.padToken = .min }) == .tokenOutOfRange)
    #expect(code(byteLevel { $0.endOfGeneration = [0, 99] }) == .tokenOutOfRange)
  }

  @Test(arguments: ["a", "a b ", " a b", "a  b", "b a", "x b", "a x", "", " "])
  func mergesThatMakeNoTokenAreRefused(_ rule: String) {
    #expect(
      code(byteLevel { $0.kind = .byteLevelBPE(preTokenizer: .gpt2, merges: [rule], ignoreMerges: false) })
        == .invalidMerge)
  }

  @Test func mergesThatMakeASpecialTokenAreRefused() {
    #expect(code(byteLevel { $0.tokenKinds[2] = .control }) == .invalidMerge)
  }

  @Test func repeatedTokensAreRefused() {
    #expect(code(byteLevel { $0.tokens[1] = "a" }) == .duplicateToken)
    #expect(
      code(
        pieces([0, -1, 0, 0]) {
          $0.tokens.append("a")
          $0.tokenKinds.append(.normal)
        }) == .duplicateToken)
  }

  @Test(arguments: ["<0x4>", "<0xGG>", "A", "<0x041>", "<0x+1>", ""])
  func byteTokensThatNameNoByteAreRefused(_ token: String) {
    #expect(code(pieces([0, -1, 0]) { $0.tokens[2] = token }) == .invalidToken)
  }

  @Test func piecesOfUnreasonableLengthAreRefused() {
    #expect(code(pieces([0, -1, 0]) { $0.tokens[1] = String(repeating: "a", count: 2000) }) == .invalidToken)
  }

  @Test func specialTokensOfUnreasonableLengthAreRefused() {
    #expect(code(byteLevel { $0.tokens[3] = String(repeating: "a", count: 2000) }) == .invalidToken)
  }

  @Test func vocabulariesThatCannotWriteEveryCharacterAreRefused() {
    #expect(code(pieces([0, -1, 0], byteFallback: true)) == .invalidVocabulary)
    #expect(code(pieces([0, -1, 0]) { $0.unknownToken = nil }) == .invalidVocabulary)
  }

  @Test func anErrorSaysWhatWhereAndWhatToDo() {
    let error = TokenizerError(
      .invalidMerge, "\"a b\" is no merge", location: "merge 7", remedy: "Import again")
    #expect(error.description == "\"a b\" is no merge (merge 7). Import again.")
  }
}
