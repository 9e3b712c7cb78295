import RouterModel

/// Sequences that are decoded together: one sweep through the layers for all of them. One thread uses it.
///
/// What a sequence says does not depend on its neighbours: rows do not meet in any product, and decisions, choices and
/// keys and values are each sequence's own. So sequences may come and go at any time, and an answer in a batch is the
/// answer alone, bit for bit.
package final class DecodingBatch {
  package let language: LanguageModel
  package let pool: KeyValuePool
  /// Whether sequences begin with what others have left of the same beginning.
  let sharesPrefixes: Bool
  /// In the order in which they came.
  package private(set) var sequences: [DecodingSequence] = []
  let runner: ModelRunner
  let reader: HeadReader
  let asked: AskedLogits
  let costs: SweepCosts
  let clock = ContinuousClock()
  /// Whether reports say which layers ran for whom, and what became of it.
  package var isTraced = false
  var report = SweepReport()
  /// Layers times rows that have run in this sweep.
  var layerRows = 0

  /// Rows of a sweep at most.
  package static let rowLimit = ModelRunner.maximumRows

  /// - Parameters:
  ///   - pool: nil for one of its own without a limit.
  ///   - sharesPrefixes: whether sequences leave their beginnings in the pool for others.
  package init(_ language: LanguageModel, pool: KeyValuePool? = nil, sharesPrefixes: Bool = false) {
    self.language = language
    self.sharesPrefixes = sharesPrefixes
    self.pool = pool ?? KeyValuePool(KeyValueLayout(of: language.model))
    runner = ModelRunner(of: language.model, rowLimit: Self.rowLimit)
    costs = language.sweepCosts
    reader = HeadReader(runner)
    asked = AskedLogits(runner, reader)
  }

  /// Adds a sequence, which joins the next sweep.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model.
  @discardableResult
  package func add(_ request: GenerationRequest) throws(GenerationError) -> DecodingSequence {
    let sequence = try DecodingSequence(request, on: language, in: pool, sharesPrefixes: sharesPrefixes)
    sequences.append(sequence)
    return sequence
  }

  /// Takes a sequence out.
  package func remove(_ sequence: DecodingSequence) {
    sequence.giveBackPages()
    sequences.removeAll { $0 === sequence }
  }

  /// Moves all sequences on: each by a part of its prompt, or by a token or more. Those that are finished then are no
  /// longer in the batch.
  @discardableResult
  package func sweep() -> SweepReport {
    let started = clock.now
    report = SweepReport()
    providePages()
    report.sequences = runningCount
    if isTraced { report.ways = sequences.map(\.wayName) }
    layerRows = 0
    reader.beginSweep()
    var planner = beginSweep()
    while let run = planner.next() {
      perform(run)
      arrive(run, &planner)
    }
    propagate()
    chooseTokens()
    for (index, sequence) in sequences.enumerated() {
      sequence.forgetResults()
      sequence.endRound()
      sequence.settle()
      if sequence.isFinished {
        sequence.prefixSlot?.fill(from: sequence)
        sequence.giveBackPages()
      }
      if isTraced, sequence.writer.isFinished { report.notes.append("#\(index) ends") }
    }
    let decoded = sequences.filter { !$0.isParked }
    sequences.removeAll(where: \.isFinished)
    report.seconds = (clock.now - started) / .seconds(1)
    recordSpeed(of: decoded)
    costs.recordSweep(
      rows: report.rows, promptRows: report.promptRows, seconds: report.seconds,
      isWhole: layerRows == report.rows * language.layerCount)
    return report
  }
}
