/// A part of a prompt, which says whether its text may hold special tokens.
package enum PromptSegment: Sendable, Equatable {
  /// The model's begin-of-sequence token, if it has one.
  case bos
  /// The model's end-of-sequence token, if it has one.
  case eos
  /// Text of the template's own, in which special tokens are recognised.
  case control(String)
  /// Text from outside, in which nothing is recognised.
  case text(String)
}
