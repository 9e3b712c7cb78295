import RouterExit

/// What an audit is asked: how far an answer to a request is from full depth's.
struct AuditQuestion: Sendable {
  /// With the limit of tokens under which the answer was given.
  let request: GenerationRequest
  /// Generated ids, an end-of-text token included, at least one.
  let answer: [Int32]
  /// One that can be audited.
  let metric: LossMetric
}
