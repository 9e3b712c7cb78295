import Foundation
import RouterTokenizer

/// What the files beside tokenizer.json and tokenizer.model say: tokenizer_config.json, special_tokens_map.json,
/// added_tokens.json, generation_config.json, chat_template.jinja and config.json.
struct TokenizerSettings {
  /// A token that tokenizer.model does not hold.
  struct AddedToken {
    let id: Int
    let content: String
    let special: Bool
  }

  /// Whether the model expects its first token before a prompt; nil if no file says so.
  let addBOS: Bool?
  /// Whether the last token follows a text; nil if no file says so.
  let addEOS: Bool?
  /// The chat template's text.
  let chatTemplate: String?
  let addedTokens: [AddedToken]
  private let bosText: String?
  private let eosText: String?
  private let unknownText: String?
  private let padText: String?
  /// Ids from config.json and generation_config.json.
  private let bosIDs: [Int]
  private let eosIDs: [Int]
  private let endIDs: [Int]

  init(directory: String, config: JSONFields) throws(ImportError) {
    let tokenizer = try Self.optional("\(directory)/tokenizer_config.json")
    let map = try Self.optional("\(directory)/special_tokens_map.json")
    let generation = try Self.optional("\(directory)/generation_config.json")
    addBOS = try tokenizer?.bool("add_bos_token")
    addEOS = try tokenizer?.bool("add_eos_token")
    bosText = try Self.text("bos_token", tokenizer, map)
    eosText = try Self.text("eos_token", tokenizer, map)
    unknownText = try Self.text("unk_token", tokenizer, map)
    padText = try Self.text("pad_token", tokenizer, map)
    bosIDs = try config.wholes("bos_token_id")
    eosIDs = try config.wholes("eos_token_id")
    let generationIDs = try generation?.wholes("eos_token_id")
    endIDs = eosIDs + (generationIDs ?? [])
    chatTemplate = try Self.template(directory, tokenizer)
    addedTokens = try Self.addedTokens(directory, tokenizer)
  }

  /// Sets the special tokens of a definition: by text where a file gives one, by id otherwise.
  ///
  /// - Throws: `ImportError` if a file names a token that does not exist.
  func apply(to definition: inout TokenizerDefinition, _ table: TokenTable) throws(ImportError) {
    func token(_ role: String, _ text: String?, _ ids: [Int]) throws(ImportError) -> TokenID? {
      if let text, !text.isEmpty {
        guard let id = table.id(of: text) else {
          throw ImportError(
            .inconsistent, "the \(role) token \(ImportError.quoted(text)) is not in the vocabulary",
            at: .init(file: "tokenizer_config.json", item: "\(role)_token"),
            remedy: "Use the tokenizer files of one model.")
        }
        return id
      }
      guard let first = ids.first else { return nil }
      return try inRange(first, "\(role)_token_id", definition.tokens.count)
    }
    definition.bosToken = try token("bos", bosText, bosIDs) ?? definition.bosToken
    definition.eosToken = try token("eos", eosText, eosIDs) ?? definition.eosToken
    definition.unknownToken = try token("unk", unknownText, []) ?? definition.unknownToken
    definition.padToken = try token("pad", padText, []) ?? definition.padToken
    for id in endIDs {
      definition.endOfGeneration.append(try inRange(id, "eos_token_id", definition.tokens.count))
    }
  }

  private func inRange(_ id: Int, _ item: String, _ count: Int) throws(ImportError) -> TokenID {
    guard (0..<count).contains(id), let token = TokenID(exactly: id) else {
      throw ImportError(
        .inconsistent, "the token id \(id) is outside 0..<\(count)",
        at: .init(file: "config.json", item: item),
        remedy: "Use the configuration and tokenizer files of one model.")
    }
    return token
  }

  private static func optional(_ path: String) throws(ImportError) -> JSONFields? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try JSONFields(path: path, limit: HuggingFaceModel.maximumConfigurationByteCount)
  }

  /// A special token's text, which is a string or an object with `content`.
  private static func text(_ key: String, _ sources: JSONFields?...) throws(ImportError) -> String? {
    for case let source? in sources {
      if source.value[key]?.members != nil { return try source.object(key)?.string("content") }
      if let text = try source.string(key) { return text }
    }
    return nil
  }

  /// chat_template.jinja, or `chat_template` in tokenizer_config.json: one text, or several with names.
  private static func template(_ directory: String, _ tokenizer: JSONFields?) throws(ImportError) -> String? {
    let path = "\(directory)/chat_template.jinja"
    if FileManager.default.fileExists(atPath: path) {
      let bytes = try InputFile(path: path).contents(limit: HuggingFaceModel.maximumConfigurationByteCount)
      return String(decoding: bytes, as: UTF8.self)
    }
    guard let tokenizer, let value = tokenizer.value["chat_template"], value.elements != nil else {
      return try tokenizer?.string("chat_template")
    }
    let named = try tokenizer.objects("chat_template") ?? []
    for fields in named where try fields.string("name") == "default" { return try fields.string("template") }
    return try named.first?.string("template")
  }

  private static func addedTokens(
    _ directory: String, _ tokenizer: JSONFields?
  ) throws(ImportError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    if let decoder = try tokenizer?.object("added_tokens_decoder") {
      for member in decoder.value.members ?? [] {
        guard let id = Int(member.key), let fields = try decoder.object(member.key),
          let content = try fields.string("content")
        else { throw decoder.wrongType(member.key, "an added token") }
        tokens.append(AddedToken(id: id, content: content, special: try fields.bool("special") ?? false))
      }
      return tokens
    }
    for member in try optional("\(directory)/added_tokens.json")?.value.members ?? [] {
      guard let id = member.value.whole else { continue }
      tokens.append(AddedToken(id: id, content: member.key, special: true))
    }
    return tokens
  }
}
