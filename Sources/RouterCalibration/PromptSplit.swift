import RouterRandom

/// Three disjoint sets of prompts, drawn at random: one to choose the path, one to certify it, one to look at
/// the result with fresh eyes.
package struct PromptSplit: Sendable, Equatable {
  /// 0-based rows whose traces choose the path.
  package let pilot: [Int]

  /// 0-based rows whose losses certify it, in drawing order.
  package let certifying: [Int]

  /// 0-based rows that measure the realised risk of the result.
  package let heldOut: [Int]

  /// Shuffles the rows with a seed and deals them out; the certifying set takes what the others leave, up to
  /// `certifyingLimit`.
  ///
  /// - Throws: ``CalibrationError`` with code `tooFewPrompts` if fewer than `needed` are left to certify
  ///   with.
  package init(
    promptCount: Int, pilot: Int, heldOut: Int, certifyingLimit: Int? = nil, needed: Int, seed: UInt64
  ) throws(CalibrationError) {
    let pilotCount = max(0, pilot)
    let heldOutCount = max(0, heldOut)
    let left = max(0, promptCount - pilotCount - heldOutCount)
    let certifyingCount = min(left, max(0, certifyingLimit ?? left))
    guard certifyingCount >= max(1, needed) else {
      let total = max(1, needed) + pilotCount + heldOutCount
      throw CalibrationError(
        code: .tooFewPrompts(needed: max(1, needed), given: certifyingCount),
        what:
          "\(promptCount) prompts leave \(certifyingCount) to certify with, after \(pilotCount) pilot and "
          + "\(heldOutCount) held-out ones, but the guarantee takes \(max(1, needed))",
        remedy: promptCount >= total
          ? "Certify with at least \(max(1, needed)), or allow a larger risk or delta."
          : "Give at least \(total) prompts, or allow a larger risk or delta.")
    }
    var generator = SplitMix64(seed: seed)
    let rows = generator.permutation(of: promptCount)
    self.pilot = Array(rows[..<pilotCount])
    self.heldOut = Array(rows[pilotCount..<(pilotCount + heldOutCount)])
    certifying = Array(rows[(pilotCount + heldOutCount)...].prefix(certifyingCount))
  }
}
