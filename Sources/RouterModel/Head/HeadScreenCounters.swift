/// What the screen of a head has done since the model was loaded.
package struct HeadScreenCounters: Sendable, Equatable {
  /// Tokens that were chosen through the screen.
  package var screened = 0
  /// Tokens that the screen was asked for and could not tell: the whole head chose them.
  package var fallbacks = 0
  /// Rows of the head whose exact logits those chosen through the screen needed.
  package var rescoredRows = 0
  /// Bytes of the screen; 0 until it has been made.
  package var byteCount = 0
  /// Seconds that it took to make.
  package var buildSeconds = 0.0

  package init() {}

  /// Share of the tokens that fell back, 0 ... 1.
  package var fallbackRate: Double {
    screened + fallbacks == 0 ? 0 : Double(fallbacks) / Double(screened + fallbacks)
  }
}
