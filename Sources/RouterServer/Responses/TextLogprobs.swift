import RouterDecoding

/// `logprobs` of a plain completion's choice.
struct TextLogprobs: Encodable {
  var tokens: [String]
  var tokenLogprobs: [Float]
  /// Per position, the likeliest tokens' texts and log-probabilities.
  var topLogprobs: [[String: Float]]
  /// Where each token begins in the choice's text, in Unicode scalars.
  var textOffset: [Int]

  private enum CodingKeys: String, CodingKey {
    case tokens
    case tokenLogprobs = "token_logprobs"
    case topLogprobs = "top_logprobs"
    case textOffset = "text_offset"
  }

  /// Describes some tokens of a choice.
  ///
  /// - Parameter offset: where the first of them begins; moved on to where the next one would.
  init(_ generated: [GeneratedToken], offset: inout Int) {
    tokens = []
    tokenLogprobs = []
    topLogprobs = []
    textOffset = []
    for token in generated {
      tokens.append(String(decoding: token.bytes, as: UTF8.self))
      tokenLogprobs.append(finite(token.logprob))
      // Distinct tokens may read alike when they are parts of characters: the likelier one stands for both.
      topLogprobs.append(
        Dictionary(
          token.topLogprobs.map { (String(decoding: $0.bytes, as: UTF8.self), finite($0.logprob)) },
          uniquingKeysWith: max))
      textOffset.append(offset)
      // UTF-8 continuation bytes (10xxxxxx) begin no scalar.
      offset += token.bytes.count { $0 & 0xC0 != 0x80 }
    }
  }
}
