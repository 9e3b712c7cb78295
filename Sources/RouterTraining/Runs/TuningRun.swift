import RouterCheckpoint
import RouterModel

/// One tuning run, from documents to a file.
///
/// A run that was stopped or killed goes on from its directory and ends in the same bits.
package struct TuningRun {
  /// The model that is tuned, as it is.
  let model: LlamaModel
  /// The model's checkpoint.
  let checkpoint: CheckpointReader
  let corpus: TuningCorpus
  let directory: TuningDirectory
  let plan: TuningPlan
  /// What was done, for the provenance.
  let description: String
  /// Name and version of the program, for the provenance.
  let tool: String
  /// The file to write.
  let out: String
  /// Told what happens.
  let report: @Sendable (TuningEvent) -> Void
  /// Asked between two steps.
  let goesOn: @Sendable () -> Bool

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - description: what is done, for the provenance of the result.
  ///   - tool: name and version of the program, for the same.
  ///   - out: path of the file to write.
  ///   - goesOn: asked between two steps; the run stops, and can be resumed, when it says no.
  ///   - report: told what happens.
  package init(
    model: LlamaModel, checkpoint: CheckpointReader, corpus: TuningCorpus, directory: TuningDirectory,
    plan: TuningPlan, description: String, tool: String, out: String,
    goesOn: @escaping @Sendable () -> Bool = { true },
    report: @escaping @Sendable (TuningEvent) -> Void = { _ in }
  ) {
    self.model = model
    self.checkpoint = checkpoint
    self.corpus = corpus
    self.directory = directory
    self.plan = plan
    self.description = description
    self.tool = tool
    self.out = out
    self.goesOn = goesOn
    self.report = report
  }

  /// Trains, and writes the result.
  ///
  /// - Throws: ``TrainingError``, or `CheckpointError` if the model cannot be read.
  package func run() throws -> TuningOutcome {
    switch plan.target {
    case .adapters(let kind, let initial): try tuneAdapters(kind, from: initial)
    case .weights(let method): try tuneWeights(method)
    }
  }

  // MARK: Parts that both ways share

  /// What was done, with the learning rates that the run had before.
  func describe(after rates: [PastLearningRate]) -> String {
    description + rates.map { "; learning rate \($0.learningRate) through step \($0.lastStep)" }.joined()
  }

  /// The outcome of a run that was stopped.
  func stopped(
    _ steps: Int = 0, _ losses: [String: Float] = [:], curve: String? = nil, _ description: String? = nil
  ) -> TuningOutcome {
    TuningOutcome(
      path: nil, steps: steps, tuning: description ?? self.description, losses: losses,
      metrics: directory.metrics, curve: curve)
  }

  /// Draws the losses, and returns where; nil if there are none, or, with a note, if the disk refuses.
  func draw(_ metrics: TuningMetrics, title: String, verticalTitle: String) -> String? {
    do {
      return try metrics.draw(title: title, verticalTitle: verticalTitle)
    } catch {
      report(.note(error.what))
      return nil
    }
  }

  /// Writes the result of a run that has done all its steps, which no failure can take away.
  func finishing(_ write: () throws -> Void) throws {
    do {
      try write()
    } catch let error as CheckpointError {
      throw TrainingError(
        error.code == .noSpace ? .noSpace : .inputOutput, "the result cannot be written: \(error.what)",
        at: out,
        remedy:
          "The steps are done: free some space, or give another --out and --work \(directory.path); then "
          + "--resume writes it.")
    }
  }
}
