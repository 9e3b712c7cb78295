/// What drafts are worth, as one round sees it.
package struct AcceptanceEstimate {
  /// Acceptance rate by source.
  let acceptance: [DraftSource: Double]
  /// Cost of a pass of 1, 2, ... rows, in passes of one row.
  let costs: [Double]

  func acceptance(of source: DraftSource) -> Double {
    acceptance[source] ?? source.expectedAcceptance
  }
}
