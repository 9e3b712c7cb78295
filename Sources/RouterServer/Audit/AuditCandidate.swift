import RouterDecoding
import RouterExit

extension SamplingOptions {
  /// Whether each token is the one that the model finds the most probable.
  var isGreedy: Bool { (temperature == 0 || topK == 1) && repetitionPenalty == 1 }
}

/// An answer that may be audited: what was asked, what was said, and by which policy.
package struct AuditCandidate: Sendable {
  /// Why an answer that was drawn is not audited.
  package enum Unfit: String, Sendable, Error, CaseIterable {
    /// Its tokens were drawn at random, or penalised: that full depth prefers others proves nothing.
    case sampled
    /// It was not to reach full depth at all.
    case limitedDepth = "max_exit"
    /// It has no token.
    case empty
  }

  /// The policy's name.
  package let policy: String
  /// How the answer is compared with full depth: by the loss of the policy's promise, if that needs the model alone.
  package let metric: LossMetric
  /// What was asked, with as many tokens at most as the policy's promise is about.
  package let request: GenerationRequest
  /// Generated ids, an end-of-text token included, as many as the policy's promise is about.
  package let answer: [Int32]

  /// Checks an answer.
  ///
  /// A greedy answer's first n tokens are what a limit of n tokens would have given, so a longer answer than
  /// the promise is about is cut.
  ///
  /// - Throws: ``Unfit`` if it shows nothing about the policy.
  package init(
    policy: String, request: GenerationRequest, ids: [Int32], guarantee: PolicyGuarantee?
  ) throws(Unfit) {
    guard request.sampling.isGreedy else { throw .sampled }
    guard request.maximumExit == nil else { throw .limitedDepth }
    guard !ids.isEmpty else { throw .empty }
    self.policy = policy
    metric = guarantee?.auditableMetric ?? .disagreement
    let limit = min(request.maximumTokens, guarantee?.maximumTokens ?? request.maximumTokens)
    var asked = request
    asked.maximumTokens = limit
    self.request = asked
    answer = Array(ids.prefix(limit))
  }
}
