import RouterModel

// The memory of keys and values.
extension DecodingBatch {
  /// Sequences that have given their pages back.
  var parkedCount: Int { sequences.count(where: \.isParked) }

  /// Has every sequence that goes on pages for this sweep. Where there are too few, the youngest give theirs back, and
  /// wait until those before them need no more.
  ///
  /// The oldest always goes on, so that all come to their end.
  func providePages() {
    resumeParked()
    for (index, sequence) in sequences.enumerated() where sequence.failure == nil && !sequence.isParked {
      while !sequence.rows.reserve(sequence.neededPositions) {
        let younger = sequences[index...].last { !$0.isParked && $0.failure == nil && $0.hasPages }
        guard let victim = younger ?? (runningCount > 1 ? sequence : nil) else {
          sequence.failure = GenerationError(
            .overloaded,
            "\(pool.usage.pagesHeld) of \(pool.usage.pageLimit) pages of keys and values are held",
            remedy: "Give keys and values more memory.")
          break
        }
        if victim.hasPages { report.preemptions += 1 }
        victim.park()
        if victim === sequence { break }
      }
    }
  }

  /// Sequences that take part in sweeps.
  var runningCount: Int { sequences.count { !$0.isParked } }

  /// Lets parked sequences go on, the oldest first, while there is room for what they have come to and for a page more
  /// of each that runs: else they would soon have to give it back.
  private func resumeParked() {
    var running = runningCount
    var free = pool.usage.freePages
    for sequence in sequences where sequence.isParked {
      let needed = KeyValueLayout.pageCount(for: sequence.resumingPositions)
      guard running == 0 || needed + running <= free else { return }
      sequence.resume()
      free -= needed
      running += 1
    }
  }
}
