import Foundation
import RouterTokenizer

/// Puts a tokenizer together from the files of a Hugging Face directory.
enum HuggingFaceTokenizer {
  /// The tokenizer, complete for `vocabularySize` ids, and warnings.
  ///
  /// tokenizer.json is read if there is one, else tokenizer.model. Where both describe a SentencePiece
  /// tokenizer, the scores come from tokenizer.model, which tokenizer.json was converted from.
  static func resolve(
    directory: String, config: JSONFields, vocabularySize: Int
  ) throws(ImportError) -> (definition: TokenizerDefinition, warnings: [String]) {
    let settings = try TokenizerSettings(directory: directory, config: config)
    var warnings: [String] = []
    var definition: TokenizerDefinition
    let file: String
    if exists("\(directory)/tokenizer.json") {
      file = "tokenizer.json"
      let json = try TokenizerJSON(path: "\(directory)/tokenizer.json")
      var model: SentencePieceModel?
      if case .sentencePiece = json.scheme, exists("\(directory)/tokenizer.model") {
        model = try SentencePieceModel(path: "\(directory)/tokenizer.model")
      }
      definition = try self.definition(json, model, settings, vocabularySize, &warnings)
    } else if exists("\(directory)/tokenizer.model") {
      file = "tokenizer.model"
      definition = try self.definition(
        try SentencePieceModel(path: "\(directory)/tokenizer.model"), settings, vocabularySize, &warnings)
    } else {
      throw ImportError(
        .missing, "there is neither tokenizer.json nor tokenizer.model", at: .init(file: directory),
        remedy:
          "Use a complete Hugging Face directory; AutoTokenizer's save_pretrained writes tokenizer.json.")
    }
    definition.chatTemplate = TokenizerFinish.chatTemplate(settings.chatTemplate, &warnings)
    return (try TokenizerFinish.finish(definition, vocabularySize: vocabularySize, file: file), warnings)
  }

  private static func definition(
    _ json: TokenizerJSON, _ model: SentencePieceModel?, _ settings: TokenizerSettings, _ vocabularySize: Int,
    _ warnings: inout [String]
  ) throws(ImportError) -> TokenizerDefinition {
    var table = TokenTable(file: json.file, vocabularySize: vocabularySize)
    let isSentencePiece = if case .sentencePiece = json.scheme { true } else { false }
    for (text, id) in json.vocabulary {
      let isByte = isSentencePiece && json.byteFallback && isByteToken(text)
      try table.set(id, text, isByte ? .byte : .normal)
    }
    let vocabularyCount = table.tokens.count
    for token in json.addedTokens {
      let isUnknown = isSentencePiece && token.content == json.unknownToken
      try table.set(token.id, token.content, isUnknown ? .unknown : token.special ? .control : .userDefined)
      if token.matchesLoosely {
        warnings.append(
          "The token \(ImportError.quoted(token.content)) is set to match whole words or to take the spaces around "
            + "it; router matches it literally.")
      }
    }
    noteTrimmed(table.trim(to: vocabularySize, vocabularyCount: vocabularyCount), &warnings)

    let kind: TokenizerDefinition.Kind
    switch json.scheme {
    case .byteLevel(let preTokenizer):
      kind = .byteLevelBPE(
        preTokenizer: preTokenizer, merges: try joined(json), ignoreMerges: json.ignoreMerges)
    case .sentencePiece(let prefix):
      kind = .sentencePieceBPE(
        scores: scores(table, json, model), byteFallback: json.byteFallback, addSpacePrefix: prefix,
        removeExtraWhitespaces: false)
    }
    var definition = TokenizerDefinition(
      kind: kind, normalisation: json.normalisation, tokens: table.filled, tokenKinds: table.kinds,
      unknownToken: json.unknownToken.flatMap(table.id(of:)),
      addBOS: settings.addBOS ?? json.surrounds?.before ?? false,
      addEOS: settings.addEOS ?? json.surrounds?.after ?? false)
    try settings.apply(to: &definition, table)
    return definition
  }

  private static func definition(
    _ model: SentencePieceModel, _ settings: TokenizerSettings, _ vocabularySize: Int,
    _ warnings: inout [String]
  ) throws(ImportError) -> TokenizerDefinition {
    var table = TokenTable(file: model.file, vocabularySize: vocabularySize)
    for (id, piece) in model.pieces.enumerated() { try table.set(id, piece.text, piece.kind) }
    for token in settings.addedTokens {
      guard token.id >= model.pieces.count else { continue }
      try table.set(token.id, token.content, token.special ? .control : .userDefined)
    }
    noteTrimmed(table.trim(to: vocabularySize, vocabularyCount: model.pieces.count), &warnings)
    if let name = model.normalisation {
      warnings.append("The tokenizer's Unicode normalisation \(ImportError.quoted(name)) is not applied.")
    }
    var scores = model.pieces.prefix(table.tokens.count).map(\.score)
    scores += [Float](repeating: 0, count: table.tokens.count - scores.count)
    var definition = TokenizerDefinition(
      kind: .sentencePieceBPE(
        scores: scores, byteFallback: model.byteFallback,
        addSpacePrefix: model.addsSpacePrefix ? .always : .never,
        removeExtraWhitespaces: model.removesExtraWhitespaces),
      tokens: table.filled, tokenKinds: table.kinds, bosToken: model.bosID.flatMap(TokenID.init(exactly:)),
      eosToken: model.eosID.flatMap(TokenID.init(exactly:)),
      unknownToken: model.unknownID.flatMap(TokenID.init(exactly:)),
      padToken: model.padID.flatMap(TokenID.init(exactly:)),
      // LlamaTokenizer's default.
      addBOS: settings.addBOS ?? true, addEOS: settings.addEOS ?? false)
    try settings.apply(to: &definition, table)
    return definition
  }

  /// The score of each token: from tokenizer.model, or from the rank of the first merge that makes the token,
  /// which orders tokens as the scores did that the merges were made from.
  private static func scores(
    _ table: TokenTable, _ json: TokenizerJSON, _ model: SentencePieceModel?
  ) -> [Float] {
    var scores = [Float](repeating: -Float(json.merges.count), count: table.tokens.count)
    if let model, model.pieces.count <= table.tokens.count,
      zip(model.pieces, table.tokens).allSatisfy({ ExactString($0.text) == ExactString($1 ?? "") })
    {
      for (id, piece) in model.pieces.enumerated() { scores[id] = piece.score }
      return scores
    }
    for (rank, merge) in json.merges.enumerated().reversed() {
      if let id = table.id(of: merge.left + merge.right) { scores[Int(id)] = -Float(rank) }
    }
    return scores
  }

  /// Merges as "left right", the form in which the tokenizer takes them.
  private static func joined(_ json: TokenizerJSON) throws(ImportError) -> [String] {
    var merges: [String] = []
    merges.reserveCapacity(json.merges.count)
    for (rank, merge) in json.merges.enumerated() {
      // In the byte alphabet a space is another character.
      guard !merge.left.utf8.contains(0x20), !merge.right.utf8.contains(0x20) else {
        throw ImportError(
          .malformed, "a byte-level merge contains a space",
          at: .init(file: json.file, item: "model.merges[\(rank)]"),
          remedy: "Check the file, or download it again.")
      }
      merges.append("\(merge.left) \(merge.right)")
    }
    return merges
  }

  private static func noteTrimmed(_ dropped: [String], _ warnings: inout [String]) {
    guard !dropped.isEmpty else { return }
    let shown = dropped.prefix(5).map { ImportError.quoted($0) }.joined(separator: ", ")
    warnings.append(
      "The embedding has no rows for \(dropped.count) added tokens, which were left out: \(shown).")
  }

  private static func isByteToken(_ text: String) -> Bool {
    text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
      && UInt8(text.dropFirst(3).dropLast(), radix: 16) != nil
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
