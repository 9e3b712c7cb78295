import Foundation
import RouterImport
import RouterTokenizer
import Testing

@Suite struct TokenizerJSONTests {
  private static let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#

  private func parse(_ fields: String, model: String = "") throws -> TokenizerJSON {
    let text =
      #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]\#(model)}\#(fields)}"#
    return try Fixture.withFile(Array(text.utf8), name: "tokenizer.json") { try TokenizerJSON(path: $0) }
  }

  private func preTokenizer(_ json: String) throws -> PreTokenizer? {
    if case .byteLevel(let preTokenizer) = try parse(#", "pre_tokenizer": \#(json)"#).scheme {
      preTokenizer
    } else {
      nil
    }
  }

  private func split(_ preTokenizer: PreTokenizer) -> String {
    let pattern = preTokenizer.pattern.replacingOccurrences(of: "\\", with: "\\\\")
    let split =
      #"{"type": "Split", "pattern": {"Regex": "\#(pattern)"}, "behavior": "Isolated", "invert": false}"#
    return #"{"type": "Sequence", "pretokenizers": [\#(split), \#(Self.byteLevel)]}"#
  }

  @Test func recognisesThePreTokenizers() throws {
    #expect(try preTokenizer(#"{"type": "ByteLevel", "add_prefix_space": false}"#) == .gpt2)
    let digits = #"{"type": "Digits", "individual_digits": true}"#
    let plain = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#
    #expect(try preTokenizer(#"{"type": "Sequence", "pretokenizers": [\#(digits), \#(plain)]}"#) == .smollm)
    for known in [PreTokenizer.gpt2, .llama3, .qwen2] { #expect(try preTokenizer(split(known)) == known) }
  }

  @Test func recognisesSentencePieceStyle() throws {
    let cases: [(String, TokenizerDefinition.SpacePrefix)] = [
      (
        #", "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}"#,
        .always
      ),
      (
        #", "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}"#,
        .first
      ),
      (
        #", "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false}"#,
        .never
      ),
      (#", "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#, .never),
    ]
    for (fields, prefix) in cases {
      guard case .sentencePiece(let found) = try parse(fields).scheme else {
        Issue.record("not SentencePiece: \(fields)")
        continue
      }
      #expect(found == prefix)
    }
  }

  @Test func readsMergesInBothForms() throws {
    let text = #"{"model": {"vocab": {"a": 0, "b": 1, "ab": 2, "aab": 3}, "merges": [["a", "b"], "a ab"]}}"#
    let json = try Fixture.withFile(Array(text.utf8), name: "tokenizer.json") { try TokenizerJSON(path: $0) }
    #expect(json.merges.map(\.left) == ["a", "a"])
    #expect(json.merges.map(\.right) == ["b", "ab"])
  }

  @Test func readsWhatSurroundsAText() throws {
    let single = #"[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]"#
    let template = #"{"type": "TemplateProcessing", "single": \#(single)}"#
    for processor in [
      template, #"{"type": "Sequence", "processors": [{"type": "ByteLevel"}, \#(template)]}"#,
    ] {
      let surrounds = try parse(#", "post_processor": \#(processor)"#).surrounds
      #expect(surrounds?.before == true && surrounds?.after == false)
    }
    #expect(try parse(#", "post_processor": {"type": "ByteLevel"}"#).surrounds == nil)
  }

  @Test func refusesByNameWhatItCannotDo() throws {
    let cases: [(fields: String, model: String, item: String)] = [
      ("", #", "end_of_word_suffix": "</w>""#, "model.end_of_word_suffix"),
      (#", "pre_tokenizer": {"type": "Whitespace"}"#, "", "pre_tokenizer"),
      (
        #", "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}"#, "",
        "pre_tokenizer.add_prefix_space"
      ),
      (#", "pre_tokenizer": {"type": "Metaspace", "split": true}"#, "", "pre_tokenizer.split"),
      (#", "normalizer": {"type": "Lowercase"}"#, "", "normalizer"),
      (
        #", "normalizer": {"type": "NFKC"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}"#,
        "", "normalizer"
      ),
    ]
    for (fields, model, item) in cases {
      let error = #expect(throws: ImportError.self, "\(item)") { try parse(fields, model: model) }
      #expect(error?.code == .unsupported)
      #expect(error?.location?.item == item)
    }
    let changed = split(.qwen2).replacingOccurrences(of: "{L}+", with: "{L}*")
    let error = #expect(throws: ImportError.self) { try preTokenizer(changed) }
    #expect(error?.location?.item == "pre_tokenizer.pretokenizers[0].pattern")
    for model in ["Unigram", "WordPiece"] {
      let text = Array(#"{"model": {"type": "\#(model)", "vocab": {}}}"#.utf8)
      try Fixture.withFile(text, name: "tokenizer.json") { path in
        #expect(throws: ImportError.self) { try TokenizerJSON(path: path) }
      }
    }
  }

  @Test func refusesMalformedParts() throws {
    for model in [
      #"{"vocab": {"a": "x"}, "merges": []}"#, #"{"vocab": [], "merges": []}"#, #"{"vocab": {}}"#,
      #"{"vocab": {}, "merges": ["a"]}"#, #"{"vocab": {}, "merges": ["a b c"]}"#,
      #"{"vocab": {}, "merges": [["a"]]}"#,
      #"{"vocab": {}, "merges": [1]}"#, #"{"vocab": {}, "merges": [" b"]}"#,
    ] {
      try Fixture.withFile(Array(#"{"model": \#(model)}"#.utf8), name: "tokenizer.json") { path in
        #expect(throws: ImportError.self, "\(model)") { try TokenizerJSON(path: path) }
      }
    }
  }

  /// "\u{C5}" and "\u{212B}" are equal as Swift strings, and two tokens in real vocabularies.
  @Test func keepsCanonicallyEqualTokensApart() throws {
    var table = TokenTable(file: "tokenizer.json", vocabularySize: 8)
    try table.set(0, "\u{C5}", .normal)
    try table.set(1, "\u{212B}", .normal)
    #expect(table.id(of: "\u{C5}") == 0)
    #expect(table.id(of: "\u{212B}") == 1)
    let json = try JSONParser.parse(Array("{\"\u{C5}\": 1, \"\u{212B}\": 2}".utf8), file: "x")
    #expect(json["\u{C5}"]?.whole == 1)
    #expect(json["\u{212B}"]?.whole == 2)
  }

  @Test func refusesIdsThatClash() throws {
    var table = TokenTable(file: "tokenizer.json", vocabularySize: 8)
    try table.set(3, "a", .normal)
    #expect(table.filled == ["[PAD0]", "[PAD1]", "[PAD2]", "a"])
    #expect(throws: ImportError.self) { try table.set(3, "b", .normal) }
    #expect(throws: ImportError.self) { try table.set(-1, "b", .normal) }
    #expect(throws: ImportError.self) { try table.set(1 << 40, "b", .normal) }
  }
}
