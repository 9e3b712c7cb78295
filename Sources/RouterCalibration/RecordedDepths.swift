#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The depths at which tokens left along a calibration's answers, read from its trace file: what a policy does, to be
/// replayed on another model.
package struct RecordedDepths: Sendable, Equatable {
  /// Depth of each token over all layers of the model, in 0...1, answer by answer.
  package let shares: [Double]
  /// How many answers they are of.
  package let answers: Int

  /// Mean of ``shares``.
  package var mean: Double { shares.reduce(0, +) / Double(max(1, shares.count)) }

  /// Reads the answers at the point of a path that was decoded last: the certified one, where calibration has ended.
  ///
  /// - Throws: ``CalibrationError`` if the file cannot be read, is no trace of this program's format, or has no answers
  ///   with exits.
  package init(trace path: String) throws(CalibrationError) {
    let (_, records) = try TraceFile.contents(of: path)
    let prompts = records.compactMap { record in if case .prompt(let answer) = record { answer } else { nil }
    }
    func point(_ answer: PromptTrace) -> TracedDecoding? {
      if case .point = answer.decoding { answer.decoding } else { nil }
    }
    let last = prompts.lazy.compactMap(point).last
    let own = prompts.filter { $0.decoding == last }
    guard last != nil, let layers = prompts.flatMap(\.depths).max(),
      own.contains(where: { !$0.depths.isEmpty })
    else {
      throw CalibrationError(
        code: .malformedTrace, what: "the trace has no answers with exits", location: path,
        remedy: "Let `router calibrate` finish, or name the trace file of another calibration.")
    }
    shares = own.flatMap { $0.depths.map { Double($0) / Double(layers) } }
    answers = own.count
  }
}
