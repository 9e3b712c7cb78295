/// What a calibration is doing, for a progress bar.
package struct CalibrationProgress: Sendable {
  /// In words, such as `probe: point 2 of at most 7`.
  package let stage: String
  /// Share of the stage that is done, 0 ... 1.
  package let share: Double
}
