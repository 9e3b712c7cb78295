import RouterModel

/// What the screen of a model's head has done since the model was loaded, for reports.
package struct HeadScreenUse: Sendable, Equatable {
  /// Tokens that were chosen through the screen.
  package var screened = 0
  /// Tokens that the whole head had to choose after the screen could not tell.
  package var fallbacks = 0
  /// Rows of the head that were computed exactly for the screened tokens.
  package var rescoredRows = 0
  /// Bytes of the screen; 0 until it has been made.
  package var byteCount = 0

  /// Nothing so far.
  package init() {}
}

extension LanguageModel {
  /// What the screen of the head has done so far.
  package var headScreenUse: HeadScreenUse {
    let counters = headScreenCounters
    var use = HeadScreenUse()
    (use.screened, use.fallbacks) = (counters.screened, counters.fallbacks)
    (use.rescoredRows, use.byteCount) = (counters.rescoredRows, counters.byteCount)
    return use
  }
}
