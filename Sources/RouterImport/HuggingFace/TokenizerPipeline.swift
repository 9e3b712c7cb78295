import RouterTokenizer

/// Recognises what tokenizer.json says about normaliser, pre-tokenizer and post-processor.
enum TokenizerPipeline {
  /// Tells byte-level BPE with a known pattern from SentencePiece-style BPE.
  ///
  /// - Throws: `ImportError` naming the step that is not known.
  static func scheme(_ root: JSONFields) throws(ImportError) -> TokenizerJSON.Scheme {
    let steps = try flattened(root.object("pre_tokenizer"), "pretokenizers")
    let types = try names(steps)
    switch types {
    case []: return .sentencePiece(try spacePrefix(root, metaspace: nil))
    case ["Metaspace"]: return .sentencePiece(try spacePrefix(root, metaspace: steps[0]))
    case ["ByteLevel"]:
      try checkByteLevel(steps[0], pattern: true)
      return .byteLevel(.gpt2)
    case ["Digits", "ByteLevel"]:
      try checkByteLevel(steps[1], pattern: true)
      guard try steps[0].bool("individual_digits") ?? false else {
        throw steps[0].unsupported("digits in groups", "individual_digits", remedy: remedy)
      }
      return .byteLevel(.smollm)
    case ["Split", "ByteLevel"]:
      try checkByteLevel(steps[1], pattern: false)
      return .byteLevel(try split(steps[0]))
    default:
      throw root.unsupported(
        "the pre-tokenizer \(types.joined(separator: ", "))", "pre_tokenizer", remedy: remedy)
    }
  }

  /// The Unicode normalisation; SentencePiece's handling of spaces is part of the scheme instead.
  static func normalisation(
    _ root: JSONFields, _ scheme: TokenizerJSON.Scheme
  ) throws(ImportError) -> TokenizerDefinition.Normalisation {
    let steps = try flattened(root.object("normalizer"), "normalizers")
    let types = try names(steps)
    switch scheme {
    case .byteLevel:
      if types.isEmpty { return .none }
      if types == ["NFC"] { return .nfc }
    case .sentencePiece:
      if types.isEmpty || types == ["Replace"] || types == ["Prepend", "Replace"] {
        for step in steps { try checkSpaceMark(step) }
        return .none
      }
    }
    throw root.unsupported(
      "the normaliser \(types.joined(separator: ", "))", "normalizer",
      remedy: "Use a model whose tokenizer normalises nothing, or to NFC only.")
  }

  /// Whether a template surrounds each text with tokens; nil if there is no template.
  static func surroundings(_ processor: JSONFields?) throws(ImportError) -> (before: Bool, after: Bool)? {
    for step in try flattened(processor, "processors") where try step.string("type") == "TemplateProcessing" {
      guard let single = try step.objects("single"), let first = single.first, let last = single.last else {
        continue
      }
      return (first.contains("SpecialToken"), last.contains("SpecialToken"))
    }
    return nil
  }

  private static let remedy =
    "Use a model with the pre-tokenizer of GPT-2, SmolLM, Llama-3, Qwen2 or SentencePiece."

  /// The steps of a sequence, or the one step.
  private static func flattened(_ step: JSONFields?, _ key: String) throws(ImportError) -> [JSONFields] {
    guard let step else { return [] }
    guard try step.string("type") == "Sequence" else { return [step] }
    return try step.objects(key) ?? []
  }

  private static func names(_ steps: [JSONFields]) throws(ImportError) -> [String] {
    var names: [String] = []
    for step in steps { names.append(try step.string("type") ?? "") }
    return names
  }

  /// ByteLevel must not add a space, and applies GPT-2's pattern exactly where no other step has split.
  private static func checkByteLevel(_ step: JSONFields, pattern: Bool) throws(ImportError) {
    if try step.bool("add_prefix_space") ?? true {
      throw step.unsupported("a space added before the text", "add_prefix_space", remedy: remedy)
    }
    guard try step.bool("use_regex") ?? true == pattern else {
      throw step.unsupported("byte-level splitting in an unknown combination", "use_regex", remedy: remedy)
    }
  }

  private static func split(_ step: JSONFields) throws(ImportError) -> PreTokenizer {
    let pattern = try step.object("pattern")?.string("Regex") ?? ""
    guard try step.string("behavior") == "Isolated", try !(step.bool("invert") ?? false),
      let known = PreTokenizer.allCases.first(where: { $0.pattern == pattern && $0 != .smollm })
    else {
      throw step.unsupported(
        "the pattern \(ImportError.quoted(pattern, limit: 200))", "pattern", remedy: remedy)
    }
    return known
  }

  /// Where SentencePiece's own space goes: by a Metaspace step, or by a normaliser that prepends the mark.
  private static func spacePrefix(
    _ root: JSONFields, metaspace: JSONFields?
  ) throws(ImportError) -> TokenizerDefinition.SpacePrefix {
    if let metaspace {
      if try metaspace.bool("split") ?? true {
        // Words are cut at spaces before merging; SentencePiece itself cuts nowhere.
        throw metaspace.unsupported("BPE within words of a SentencePiece tokenizer", "split", remedy: remedy)
      }
      guard try metaspace.string("replacement") ?? "\u{2581}" == "\u{2581}" else {
        throw metaspace.unsupported("a space mark other than U+2581", "replacement", remedy: remedy)
      }
      switch try metaspace.string("prepend_scheme") {
      case "never": return .never
      case "first": return .first
      case "always": return .always
      default: return try metaspace.bool("add_prefix_space") ?? true ? .always : .never
      }
    }
    let steps = try names(flattened(root.object("normalizer"), "normalizers"))
    // A normaliser sees each stretch of text between special tokens by itself.
    return steps.contains("Prepend") ? .always : .never
  }

  /// Prepend and Replace must write SentencePiece's mark for a space, nothing else.
  private static func checkSpaceMark(_ step: JSONFields) throws(ImportError) {
    let mark = "\u{2581}"
    let written =
      if try step.string("type") == "Prepend" { try step.string("prepend") } else {
        try step.string("content")
      }
    let replaced = try step.object("pattern")?.string("String")
    let fits = written == mark && (replaced == nil || replaced == " ")
    guard fits else {
      throw step.unsupported(
        "a normaliser that rewrites text", "type", remedy: "Use a model whose tokenizer normalises nothing.")
    }
  }
}
