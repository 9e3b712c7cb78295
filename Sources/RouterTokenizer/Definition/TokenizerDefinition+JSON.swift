#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension TokenizerDefinition {
  /// Reads the form in which a checkpoint stores a definition: what `JSONDecoder` reads, ten times as fast.
  ///
  /// A vocabulary is a handful of settings and a few lists of a hundred thousand entries. The lists are read by hand
  /// and cut out; what is left goes through `JSONDecoder`.
  ///
  /// - Throws: ``TokenizerError`` with code `malformedDefinition`.
  package init(json: String) throws(TokenizerError) {
    var json = json
    let reader = try json.withUTF8 { text in
      Result { () throws(TokenizerError) in
        var reader = DefinitionReader(text)
        try reader.cutLists()
        return reader
      }
    }.get()
    do {
      self = try JSONDecoder().decode(TokenizerDefinition.self, from: Data(reader.rest))
    } catch {
      throw TokenizerError(
        .malformedDefinition, "the tokenizer's settings cannot be understood: \(error)",
        remedy: "Import the model again with this version of router")
    }
    tokens = reader.tokens
    tokenKinds = reader.tokenKinds
    switch kind {
    case .byteLevelBPE(let preTokenizer, _, let ignoreMerges):
      kind = .byteLevelBPE(
        preTokenizer: preTokenizer, merges: reader.merges, ignoreMerges: ignoreMerges)
    case .sentencePieceBPE(_, let byteFallback, let addSpacePrefix, let removeExtraWhitespaces):
      kind = .sentencePieceBPE(
        scores: reader.scores, byteFallback: byteFallback, addSpacePrefix: addSpacePrefix,
        removeExtraWhitespaces: removeExtraWhitespaces)
    }
  }
}
