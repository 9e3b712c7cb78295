/// What a tuning run tells while it works.
package enum TuningEvent: Sendable {
  /// A part of the work that takes time.
  package enum Stage: Sendable, Equatable {
    /// The frozen model reads the texts.
    case readingTexts
    /// The frozen model reads the held-out texts.
    case readingHeldOut
    case tuning
    /// The result is written.
    case writing
  }

  /// Progress in steps.
  package struct Progress: Sendable {
    /// From 1.
    package let step: Int
    package let steps: Int
    /// By depth, in the order of the exits.
    package let losses: [(exit: String, loss: Float)]
    /// Since the run was started or resumed.
    package let tokensPerSecond: Double
  }

  /// Something the user should know, a sentence.
  case note(String)
  /// A stage begins.
  case began(Stage)
  /// The model has read a share of the texts, 0 ... 1, and this many positions.
  case read(share: Double, positions: Int)
  /// A step is done.
  case stepped(Progress)
  /// A share of the result is written, 0 ... 1.
  case wrote(share: Double)
  /// A stage ends; stages whose work throws do not say so.
  case ended(Stage)
}
