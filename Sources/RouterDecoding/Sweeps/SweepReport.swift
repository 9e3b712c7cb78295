/// What one sweep did: for logs and metrics.
package struct SweepReport: Sendable, Equatable {
  /// Layers that some rows ran together.
  package struct Run: Sendable, Equatable {
    /// 1-based numbers of the layers.
    package let layers: ClosedRange<Int>
    /// Rows by sequence, as ``SweepReport/sequences`` numbers them.
    package let rows: [(sequence: Int, count: Int)]

    package static func == (a: Run, b: Run) -> Bool {
      a.layers == b.layers && a.rows.elementsEqual(b.rows) { $0 == $1 }
    }
  }

  /// Sequences in the sweep.
  package internal(set) var sequences = 0
  /// Rows of sequences that are beyond their prompts, drafts included, and of prompts.
  package internal(set) var rows = 0
  package internal(set) var promptRows = 0
  /// Of the rows, drafts.
  package internal(set) var drafts = 0
  /// Sequences that gave their pages back to older ones, to go on later.
  package internal(set) var preemptions = 0
  /// Tokens that were chosen.
  package internal(set) var tokens = 0
  /// Seconds of the whole.
  package internal(set) var seconds = 0.0
  /// How each sequence decodes; only where somebody reads it.
  package internal(set) var ways: [String] = []
  /// What ran, in order; only where somebody reads it.
  package internal(set) var runs: [Run] = []
  /// What became of sequences, a line each; only where somebody reads it.
  package internal(set) var notes: [String] = []

  package init() {}
}

extension SweepReport: CustomStringConvertible {
  /// The sweep as a person reads it: a line of totals, then one for each run of layers and each thing that happened.
  package var description: String {
    let preempted = preemptions == 0 ? "" : "\(preemptions) preempted, "
    var lines = [
      "sweep: \(sequences) sequences, \(rows) rows (\(drafts) drafts) and \(promptRows) of prompts, "
        + "\(preempted)\(tokens) tokens, \(Int((seconds * 1e6).rounded())) us"
    ]
    if !ways.isEmpty {
      lines.append("  " + ways.enumerated().map { "#\($0) \($1)" }.joined(separator: ", "))
    }
    for run in runs {
      let rows = run.rows.map { "#\($0.sequence) x\($0.count)" }.joined(separator: ", ")
      lines.append("  layers \(run.layers.lowerBound)-\(run.layers.upperBound): \(rows)")
    }
    return (lines + notes.map { "  " + $0 }).joined(separator: "\n")
  }
}
