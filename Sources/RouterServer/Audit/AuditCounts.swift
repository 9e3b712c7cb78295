/// What became of the answers that were drawn for an audit.
package struct AuditCounts: Sendable, Equatable {
  /// Answers that wait for their audit, or are being audited.
  package var pending = 0
  /// Answers that were audited.
  package var done = 0
  /// Answers that were let go because too many were waiting.
  package var dropped = 0
  /// Audits that could not be finished.
  package var failed = 0
  /// Answers that show nothing about their policy.
  package var unfit: [AuditCandidate.Unfit: Int] = [:]

  /// Nothing so far.
  package init() {}
}
