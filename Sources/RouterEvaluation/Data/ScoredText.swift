import RouterDecoding
import RouterTokenizer

/// Token ids of a text, of which a part is looked at.
package struct ScoredText: Sendable, Equatable {
  package let tokens: [Int32]
  /// The answer's tokens, an end of text included.
  package let scored: Range<Int>
  /// Tokens of the answer that were cut off.
  package let cutCount: Int
}
