import RouterCalibration

/// A part of a calibration as a list of work that grows with what is found: a value that sees no model, no file and
/// no clock, so the same records always lead to the same work.
package protocol CalibrationWork {
  /// The next tasks, those before being done.
  ///
  /// - Returns: nil if nothing is left to do.
  mutating func next(_ records: TraceRecords) throws -> TaskList?

  /// Takes in that a group of the current list is done; groups are taken in their order.
  ///
  /// - Returns: whether that settles the list, so that the groups behind this one need not be done.
  mutating func isSettled(byGroup index: Int, _ records: TraceRecords) throws -> Bool
}

extension CalibrationWork {
  package mutating func isSettled(byGroup index: Int, _ records: TraceRecords) throws -> Bool { false }
}
