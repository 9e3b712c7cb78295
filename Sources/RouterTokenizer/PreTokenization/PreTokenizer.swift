/// How byte-level BPE cuts text into words that merges never cross.
package enum PreTokenizer: String, Sendable, Codable, CaseIterable {
  /// GPT-2's pattern.
  case gpt2
  /// Each numeric character alone, then GPT-2's pattern between them (SmolLM, StarCoder).
  case smollm
  /// Llama-3's pattern: numbers in groups of three, case-insensitive contractions.
  case llama3
  /// Qwen2's pattern: Llama-3's with each numeric character alone.
  case qwen2

  /// The regular expression that the scanner implements by hand, as `tokenizer.json` files write it.
  package var pattern: String {
    switch self {
    case .gpt2, .smollm:
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3:
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    case .qwen2:
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
  }
}
