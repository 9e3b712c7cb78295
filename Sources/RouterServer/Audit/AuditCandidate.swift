import RouterDecoding

/// An answer that may be audited: what was asked, what was said, and by which policy.
package struct AuditCandidate: Sendable, Equatable {
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
  /// Token ids of the prompt.
  package let prompt: [Int32]
  /// Generated ids, an end-of-text token included, as many as the policy's promise is about.
  package let answer: [Int32]

  /// Checks an answer.
  ///
  /// A greedy answer's first n tokens are what a limit of n tokens would have given, so a longer answer than
  /// the promise is about is cut.
  ///
  /// - Throws: ``Unfit`` if it shows nothing about the policy.
  package init(
    policy: String, request: GenerationRequest, ids: [Int32], maximumTokens: Int?
  ) throws(Unfit) {
    let sampling = request.sampling
    guard sampling.temperature == 0 || sampling.topK == 1, sampling.repetitionPenalty == 1 else {
      throw .sampled
    }
    guard request.maximumExit == nil else { throw .limitedDepth }
    guard !ids.isEmpty else { throw .empty }
    self.policy = policy
    prompt = request.prompt
    answer = maximumTokens.map { Array(ids.prefix($0)) } ?? ids
  }
}
