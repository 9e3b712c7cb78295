import Foundation
import RouterRandom
import RouterTokenizer

/// A vocabulary with what its reference library makes of it; written by .ci/fixtures/tokenizer.py.
struct Fixture: Decodable {
  let definition: TokenizerDefinition
  /// For each of `Lines.lines` its tokens, special tokens' names being text.
  let ids: [[TokenID]]
  /// The same, special tokens' names being parsed.
  let parsed: [[TokenID]]?
  /// For each batch of `Lines.generated()` a digest of its tokens.
  let digests: [String]
  /// Random tokens.
  let samples: [[TokenID]]
  /// The text of `samples`, special tokens skipped.
  let decoded: [String]

  static let byteLevel = ["gpt2", "smollm", "llama3", "qwen2"]
  static let sentencePiece = ["sentencepiece", "sentencepiece-words"]
  static let all = byteLevel + sentencePiece

  static func load(_ name: String) throws -> Fixture {
    try load(name, as: Fixture.self)
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(load(name).definition)
  }

  static func load<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let url = Bundle.module.bundleURL.appending(path: "Fixtures/\(name).json")
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
  }
}

/// The lines that all vocabularies share.
struct Lines: Decodable {
  let lines: [String]
  let pool: [String]
  let seed: UInt64
  let batches: Int
  let batch: Int

  static func load() throws -> Lines {
    try Fixture.load("lines", as: Lines.self)
  }

  /// The lines that `generated` of .ci/fixtures/tokenizer.py makes.
  func generated() -> [String] {
    var random = SplitMix64(seed: seed)
    return (0..<batches * batch).map { index in
      var line = String.UnicodeScalarView()
      for _ in 0...random.next() % 24 {
        if index % 2 == 0 {
          line += pool[Int(random.next() % UInt64(pool.count))].unicodeScalars
        } else {
          let scalar = UInt32(random.next() % (index % 4 == 1 ? 0x110000 : 0x3100))
          line.append(Unicode.Scalar(scalar) ?? "-")
        }
      }
      return String(line)
    }
  }

  /// FNV-1a of the ids, little-endian, of each batch.
  func digests(_ ids: [[TokenID]]) -> [String] {
    stride(from: 0, to: ids.count, by: batch).map { start in
      var value: UInt64 = 0xCBF2_9CE4_8422_2325
      for id in ids[start..<start + batch].joined() {
        for shift in stride(from: 0, to: 32, by: 8) {
          value = (value ^ UInt64(UInt8(truncatingIfNeeded: id >> shift))) &* 0x100_0000_01B3
        }
      }
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }
}

extension String {
  /// The text's UTF-8, since `==` on strings ignores how characters are composed.
  var bytes: [UInt8] { Array(utf8) }
}
