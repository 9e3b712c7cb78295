package import RouterTensor

/// Names of the stored tensors: those of Hugging Face's LLaMA, and suffixes for what accompanies a matrix.
package enum TensorName {
  /// Token embedding.
  package static let embedding = "model.embed_tokens.weight"
  /// The RMSNorm that every exit shares.
  package static let finalNorm = "model.norm.weight"
  /// Output head; absent when it is tied to the embedding.
  package static let head = "lm_head.weight"

  /// Draft table, I32 `[2^k]`; comes and goes with the adapters.
  package static let drafts = "drafts.table"

  /// A part of the narrow head; it comes and goes with the adapters.
  package static func narrowHead(_ part: NarrowHeadPart) -> String { "\(narrowHeadPrefix)\(part.rawValue)" }

  /// Token ids of a kept prefix, I32 `[T]`.
  static func prefixTokens(_ name: String) -> String { "prefixes.\(name).tokens" }

  /// Keys and values of a kept prefix, U8 `[pages, page bytes]`.
  static func prefixPages(_ name: String) -> String { "prefixes.\(name).pages" }

  /// What a tensor that accompanies (or, for planes, replaces) a matrix is.
  package enum Suffix: String, Sendable, CaseIterable {
    /// F16 scales of quantised groups, `[N, K / 32]`.
    case scale
    /// F16 minima of quantised groups, `[N, K / 32]`.
    case min
    /// U8 exponents of a wide matrix, `[N, K]`.
    case exponent
    /// U8 signs and mantissas of a wide matrix, `[N, K]` for BF16, `[N, K, 3]` for F32.
    case mantissa

    /// What accompanies the codes of a quantised matrix.
    package init(_ companion: EncodingCompanion) {
      switch companion {
      case .scale: self = .scale
      case .min: self = .min
      }
    }
  }

  private static let layerPrefix = "model.layers."
  private static let exitPrefix = "exits."
  private static let narrowHeadPrefix = "narrow_head."

  /// The name of a part of the adapter at the exit after `depth` layers, such as `exits.24.adapter.linear.weight`;
  /// parts are those of ``ExitAdapterKind/parts(width:)``.
  package static func adapter(exit depth: Int, _ part: String) -> String {
    "\(exitPrefix)\(depth).adapter.\(part)"
  }

  /// The name of a head of its own that the exit after `depth` layers has, `[V, D]`.
  package static func exitHead(_ depth: Int) -> String { "\(exitPrefix)\(depth).head.weight" }

  /// Whether a tensor belongs to what an adapter file brings.
  package static func isOfAdapter(_ name: String) -> Bool {
    if name == drafts || isOfNarrowHead(name) { return true }
    guard isOfExit(name), layerIndex(of: name) != nil else { return false }
    return name.dropFirst(exitPrefix.count).drop { $0 != "." }.hasPrefix(".adapter.")
  }

  /// Whether a tensor belongs to the narrow head.
  package static func isOfNarrowHead(_ name: String) -> Bool { name.hasPrefix(narrowHeadPrefix) }

  /// Whether a tensor belongs to an exit and not to the trunk.
  package static func isOfExit(_ name: String) -> Bool { name.hasPrefix(exitPrefix) }

  /// The name of a part of the layer with 0-based index `index`.
  package static func layer(_ index: Int, _ part: LayerPart) -> String {
    "\(layerPrefix)\(index).\(part.rawValue)"
  }

  /// The name of what accompanies the matrix `name`, such as `NAME.scale`.
  package static func companion(_ suffix: Suffix, of name: String) -> String {
    "\(name).\(suffix.rawValue)"
  }

  /// The 0-based layer that a tensor belongs to; nil for the tensors that all layers share. What belongs to an
  /// exit belongs to the last layer before it, so that a sub-model has the adapters of its exits.
  package static func layerIndex(of name: String) -> Int? {
    if let index = number(in: name, after: layerPrefix) { return index }
    guard let depth = number(in: name, after: exitPrefix), depth >= 1 else { return nil }
    return depth - 1
  }

  /// The number between `prefix` and a dot that something follows.
  private static func number(in name: String, after prefix: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    let digits = name.dropFirst(prefix.count).prefix { $0 != "." }
    // Only the canonical spelling counts, so that no layer has two names.
    guard let number = Int(digits), number >= 0, String(number) == digits,
      name.utf8.count > prefix.utf8.count + digits.utf8.count + 1
    else { return nil }
    return number
  }

  /// `NAME` and the suffix, if `name` ends in one.
  package static func split(_ name: String) -> (base: Substring, suffix: Suffix?) {
    guard let dot = name.lastIndex(of: "."), let suffix = Suffix(rawValue: String(name[dot...].dropFirst()))
    else { return (name[...], nil) }
    return (name[..<dot], suffix)
  }
}
