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

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 0..<`count` in random order (Fisher-Yates): the same on every machine and with every version of Swift,
  /// whose own shuffle promises neither.
  mutating func permutation(of count: Int) -> [Int] {
    var rows = Array(0..<max(0, count))
    for last in rows.indices.dropFirst().reversed() {
      let chosen = Int(next().multipliedFullWidth(by: UInt64(last + 1)).high)
      rows.swapAt(chosen, last)
    }
    return rows
  }
}
