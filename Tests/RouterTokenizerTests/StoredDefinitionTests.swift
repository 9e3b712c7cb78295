import Foundation
import RouterRandom
import RouterTokenizer
import Testing

/// `TokenizerDefinition(json:)` against `JSONDecoder`, which the form is defined by.
@Suite struct StoredDefinitionTests {
  private func stored(
    _ definition: TokenizerDefinition, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return String(decoding: try encoder.encode(definition), as: UTF8.self)
  }

  private func decoded(_ json: String) -> TokenizerDefinition? {
    try? JSONDecoder().decode(TokenizerDefinition.self, from: Data(json.utf8))
  }

  private func code(_ json: String) -> TokenizerError.Code? {
    do {
      _ = try TokenizerDefinition(json: json)
      return nil
    } catch {
      return error.code
    }
  }

  /// Small, with every kind of escape and of number.
  private var small: [TokenizerDefinition] {
    let tokens = ["a", "\"", "\\", "\n\u{1}\t/", "\u{E9}\u{2581}\u{1F600}", "<end>"]
    let kinds: [TokenizerDefinition.TokenKind] = [.normal, .unused, .byte, .unknown, .userDefined, .control]
    return [
      TokenizerDefinition(
        kind: .byteLevelBPE(preTokenizer: .gpt2, merges: ["a b", "\" \\"], ignoreMerges: true),
        normalisation: .nfc, tokens: tokens, tokenKinds: kinds, eosToken: 5, endOfGeneration: [1, 2],
        chatTemplate: .chatML(defaultSystem: "tokens\":[")),
      TokenizerDefinition(
        kind: .sentencePieceBPE(
          scores: [0, -1, 0.5, -1.25e-9, 3e20, -7], byteFallback: true, addSpacePrefix: .first,
          removeExtraWhitespaces: false),
        tokens: tokens, tokenKinds: kinds, unknownToken: 3, chatTemplate: .llama2),
    ]
  }

  @Test(arguments: Fixture.all)
  func vocabulariesAreReadAsStored(_ name: String) throws {
    let definition = try Fixture.load(name).definition
    for formatting: JSONEncoder.OutputFormatting in [[], [.sortedKeys], [.prettyPrinted]] {
      #expect(try TokenizerDefinition(json: stored(definition, formatting)) == definition)
    }
  }

  @Test func escapesAndNumbersAreReadAsStored() throws {
    for definition in small {
      for formatting: JSONEncoder.OutputFormatting in [[], [.withoutEscapingSlashes], [.prettyPrinted]] {
        #expect(try TokenizerDefinition(json: stored(definition, formatting)) == definition)
      }
    }
    let json = try stored(small[0], [])
    let escaped = json.replacing("\"a\"", with: #""\u0061""#).replacing("\u{1F600}", with: #"\uD83D\uDE00"#)
    #expect(escaped != json)
    #expect(try TokenizerDefinition(json: escaped) == small[0])
  }

  @Test func textThatIsCutShortIsRefused() throws {
    for definition in small {
      let json = try stored(definition, [.sortedKeys])
      for count in 0..<json.utf8.count {
        #expect(code(String(decoding: json.utf8.prefix(count), as: UTF8.self)) == .malformedDefinition)
      }
    }
  }

  /// The reader accepts nothing that `JSONDecoder` refuses, and never reads anything else.
  @Test func damagedTextIsReadAsJSONDecoderReadsItOrRefused() throws {
    var random = SplitMix64(seed: 11)
    let replacements = Array("\"\\[]{},:0159-+.eEnu \n\u{7F}a".utf8)
    var (same, refused) = (0, 0)
    for definition in small {
      let json = Array(try stored(definition, [.sortedKeys]).utf8)
      for _ in 0..<3000 {
        var bytes = json
        for _ in 0...Int.random(in: 0...1, using: &random) {
          let place = Int.random(in: bytes.indices, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = replacements[Int.random(in: replacements.indices, using: &random)]
          case 1: bytes.remove(at: place)
          default:
            bytes.insert(replacements[Int.random(in: replacements.indices, using: &random)], at: place)
          }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if let definition = try? TokenizerDefinition(json: text) {
          #expect(definition == decoded(text), "\(text)")
          same += 1
        } else {
          #expect(code(text) == .malformedDefinition)
          refused += 1
        }
      }
    }
    // Neither side of the comparison is empty: most damage breaks the form, some of it only changes a text.
    #expect(same > 300 && refused > 300)
  }

  @Test func listsOfOtherPathsAreNoVocabulary() throws {
    let json = try stored(small[0], [.sortedKeys])
    let other = "{\"other\":{\"tokens\":[\"x\"],\"merges\":[1]}," + json.dropFirst()
    #expect(try TokenizerDefinition(json: other) == small[0])
    let twice = "{\"tokens\":[\"x\"]," + json.dropFirst()
    #expect(code(twice) == .malformedDefinition)
    #expect(code("{\"x\":" + json + "}") == .malformedDefinition)
  }

  @Test func anErrorSaysWhere() throws {
    let json = try stored(small[0], [.sortedKeys]).replacing("\"tokenKinds\":[1", with: "\"tokenKinds\":[7")
    let error = #expect(throws: TokenizerError.self) { try TokenizerDefinition(json: json) }
    #expect(error?.location?.hasPrefix("byte ") == true)
  }
}
