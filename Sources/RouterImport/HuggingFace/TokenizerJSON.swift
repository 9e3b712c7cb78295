import RouterTokenizer

/// The parts of a tokenizer.json that matter here, with everything else refused by name.
package struct TokenizerJSON {
  /// A token outside of the vocabulary proper, or one with a special role.
  struct AddedToken {
    let id: Int
    let content: String
    let special: Bool
    /// Whether the token also takes spaces around it, or stands as a whole word only.
    let matchesLoosely: Bool
  }

  /// Which scheme the model is of.
  package enum Scheme {
    case byteLevel(PreTokenizer)
    case sentencePiece(TokenizerDefinition.SpacePrefix)
  }

  static let maximumByteCount = 128 << 20

  let file: String
  package let scheme: Scheme
  let normalisation: TokenizerDefinition.Normalisation
  /// Text and id.
  let vocabulary: [(text: String, id: Int)]
  /// Left and right part in rank order.
  package let merges: [(left: String, right: String)]
  let addedTokens: [AddedToken]
  let unknownToken: String?
  let byteFallback: Bool
  let ignoreMerges: Bool
  /// Whether a template puts a token before and after each text; nil without a template.
  package let surrounds: (before: Bool, after: Bool)?

  /// Parses the file.
  ///
  /// - Throws: `ImportError` naming the field that is wrong or not supported.
  package init(path: String) throws(ImportError) {
    let root = try JSONFields(path: path, limit: Self.maximumByteCount)
    file = root.file
    guard let model = try root.object("model") else { throw root.missing("model") }
    // Files of old versions leave the type out; the presence of merges tells BPE from the others.
    let type = try model.string("type") ?? (model.contains("merges") ? "BPE" : "")
    guard type == "BPE" else {
      throw model.unsupported(
        "the tokenizer model \(ImportError.quoted(type))", "type", remedy: "Use a model with a BPE tokenizer."
      )
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = try model.string(key), !affix.isEmpty {
        throw model.unsupported(
          "BPE with a \(key)", key, remedy: "Use a model with byte-level or SentencePiece BPE.")
      }
    }
    vocabulary = try Self.vocabulary(model)
    merges = try Self.merges(model)
    addedTokens = try Self.addedTokens(root)
    unknownToken = try model.string("unk_token")
    byteFallback = try model.bool("byte_fallback") ?? false
    ignoreMerges = try model.bool("ignore_merges") ?? false
    surrounds = try TokenizerPipeline.surroundings(root.object("post_processor"))
    scheme = try TokenizerPipeline.scheme(root)
    normalisation = try TokenizerPipeline.normalisation(root, scheme)
  }

  private static func vocabulary(_ model: JSONFields) throws(ImportError) -> [(text: String, id: Int)] {
    guard let members = try model.members("vocab") else { throw model.missing("vocab") }
    var vocabulary: [(text: String, id: Int)] = []
    vocabulary.reserveCapacity(members.count)
    for member in members {
      guard let id = member.value.whole else { throw model.wrongType("vocab", "an object of whole numbers") }
      vocabulary.append((member.key, id))
    }
    return vocabulary
  }

  /// Merges are "left right" in old files and ["left", "right"] in new ones.
  private static func merges(_ model: JSONFields) throws(ImportError) -> [(left: String, right: String)] {
    guard let elements = try model.array("merges") else { throw model.missing("merges") }
    var merges: [(left: String, right: String)] = []
    merges.reserveCapacity(elements.count)
    for (rank, element) in elements.enumerated() {
      let parts: [String] =
        switch element {
        case .string(let text): text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        default: element.elements?.compactMap(\.text) ?? []
        }
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw model.wrongType("merges[\(rank)]", "a pair of tokens")
      }
      merges.append((parts[0], parts[1]))
    }
    return merges
  }

  private static func addedTokens(_ root: JSONFields) throws(ImportError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for fields in try root.objects("added_tokens") ?? [] {
      guard let content = try fields.string("content"), !content.isEmpty else {
        throw fields.missing("content")
      }
      let loose = [try fields.bool("lstrip"), try fields.bool("rstrip"), try fields.bool("single_word")]
      tokens.append(
        AddedToken(
          id: try fields.requiredWhole("id"), content: content, special: try fields.bool("special") ?? false,
          matchesLoosely: loose.contains(true)))
    }
    return tokens
  }
}
