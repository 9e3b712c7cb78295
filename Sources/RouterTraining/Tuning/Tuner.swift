import Foundation
import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor

/// Tunes a whole model, or low-rank factors of it, or heads for its exits; exits that have adapters speak through
/// them, and these are tuned along.
///
/// The same settings, documents and model give the same weights, bit for bit, whether or not the run was
/// interrupted and on any number of threads.
package final class Tuner {
  /// One trained tensor under its name in a checkpoint.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    /// f32, row-major.
    package let values: [Float]
  }

  private let settings: TuningSettings
  private let documents: [TrainingDocument]
  private let heldOut: [TrainingDocument]
  private let layout: ParameterLayout
  private let exits: [Int]
  private let trained: TrainedValues
  package let optimiser: Optimiser
  private let objective: TuningObjective
  private let statePath: String?
  /// f32 `[count]`: the parameters of the best evaluation so far; empty without early stopping.
  private let best: AlignedBuffer
  private var progress: Progress
  private let documentsDigest: UInt64

  /// Where a run stands.
  private struct Progress: Codable, Equatable {
    var step = 0
    var pastLearningRates: [PastLearningRate] = []
    var bestLoss: Float?
    var evaluationsSinceBest = 0
    var isOver = false
  }

  /// What the state file says about the run that it belongs to.
  private struct Header: Codable, Equatable {
    var settings: TuningSettings
    let exits: [Int]
    /// XXH64 of the weights and adapters that the run began with, and of the documents.
    let model: UInt64
    let documents: UInt64
    var progress: Progress
  }

  /// Prepares a run, or the rest of one if there is a state file. The rest may have another learning rate.
  ///
  /// - Parameters:
  ///   - documents: what to learn.
  ///   - heldOut: what to evaluate on; early stopping needs some.
  ///   - statePath: where the run keeps its state; nil to keep none.
  /// - Throws: ``TrainingError`` for settings, data or a state file that cannot be used.
  package init(
    model: LlamaModel, documents: [TrainingDocument], heldOut: [TrainingDocument] = [],
    settings: TuningSettings, statePath: String? = nil
  ) throws {
    try settings.validate()
    exits = try settings.trainedExits(of: model.exits)
    guard !documents.isEmpty, settings.patience == nil || !heldOut.isEmpty else {
      throw TrainingError(
        .unusableData, documents.isEmpty ? "there is nothing to learn" : "there are no held-out documents",
        remedy: documents.isEmpty ? "Give at least one row." : "Give some, or do without early stopping.")
    }
    try TrainingDocument.check(documents + heldOut, for: model)
    self.settings = settings
    self.documents = documents
    self.heldOut = heldOut
    self.statePath = statePath
    let team = model.matmul.team
    let depth = settings.method == .ict ? exits.max() ?? 0 : exits.last ?? 0
    layout = ParameterLayout(TensorTable(model.configuration), layerCount: depth)
    trained = TrainedValues(model, layout: layout, exits: exits, settings: settings)
    documentsDigest = TrainingDocument.digest(documents)
    optimiser = Optimiser(
      values: trained.values, undecayed: trained.undecayed, adapterStart: trained.adapters?.start,
      settings: settings, team: team)
    let longest = (documents + heldOut).map { $0.scored.upperBound - 1 }.max() ?? 0
    objective = TuningObjective(
      layout: layout, weights: trained.weights, trained: trained.trained(gradients: optimiser.gradients),
      adapters: trained.adapters, exitCount: exits.count, capacity: max(settings.batchTokens, longest),
      memory: settings.recompute ? .inputs : .everything,
      original: settings.loss == .distill ? (model, settings.distillationShare) : nil, team: team)
    best = AlignedBuffer(floats: settings.patience == nil ? 0 : trained.values.floatCount)
    best.floats.update(from: trained.values.floats, count: best.floatCount)
    progress = Progress()
    try resume()
  }

  /// Steps that are done.
  package var step: Int { progress.step }

  /// Learning rates that the run had before it was resumed with others, oldest first.
  package var pastLearningRates: [PastLearningRate] { progress.pastLearningRates }

  /// The trained tensors, low-rank factors merged; those of the best evaluation after an early stop.
  ///
  /// An exit's own head is called `exits.N.head.weight`, a part of its adapter `exits.N.adapter.PART`.
  package var tensors: [Tensor] { trained.tensors }

  /// Exits whose adapters are tuned, ascending.
  package var adaptedExits: [Int] { trained.adapters?.exits ?? [] }

  /// Runs the steps that are left.
  ///
  /// - Parameter onStep: called after each step and before its state is written, so that a run that is killed does
  ///   again what the caller has heard of; returns false to stop, with the state written.
  /// - Throws: ``TrainingError`` `diverged`, whereupon the last written state is untouched; file errors.
  package func run(onStep: (TuningStep) throws -> Bool) throws {
    let rate = LearningRate(
      peak: settings.learningRate, warmupSteps: settings.warmupSteps, steps: settings.steps)
    let lengths = documents.map { $0.scored.upperBound - 1 }
    var plan = BatchPlan(lengths: lengths, settings: settings)
    let (start, firstStep) = (Date(), progress.step)
    var rows = 0
    while progress.step < settings.steps, !progress.isOver {
      let batches = plan.batches(step: progress.step).map { PackedBatch($0.map { documents[$0] }) }
      trained.merge()
      optimiser.clear()
      let losses = try losses(batches)
      let norm = optimiser.gradientNorm()
      guard norm.isFinite, losses.allSatisfy({ $0.crossEntropy.isFinite }) else {
        throw TrainingError.diverged("the loss or its gradient", step: progress.step + 1, state: statePath)
      }
      progress.step += 1
      let learningRate = rate(progress.step)
      optimiser.apply(step: progress.step, learningRate: learningRate, norm: norm)
      let isLast = progress.step == settings.steps
      let held =
        !heldOut.isEmpty && (progress.step % settings.evaluateEvery == 0 || isLast) ? try evaluate() : nil
      guard held?.allSatisfy(\.crossEntropy.isFinite) != false else {
        throw TrainingError.diverged("the held-out loss", step: progress.step, state: statePath)
      }
      if let held { judge(held) }
      let stopsEarly = progress.isOver
      if isLast || stopsEarly, settings.patience != nil {
        optimiser.values.floats.update(from: best.floats, count: best.floatCount)
        progress.isOver = true
      }
      rows += batches.reduce(0) { $0 + $1.rowCount }
      let seconds = max(Date().timeIntervalSince(start), 1e-9)
      let report = TuningStep(
        step: progress.step, steps: settings.steps, losses: losses, gradientNorm: norm,
        learningRate: learningRate, tokensPerSecond: Double(rows) / seconds,
        secondsLeft: seconds / Double(progress.step - firstStep) * Double(settings.steps - progress.step),
        heldOut: held, stopsEarly: stopsEarly)
      let goesOn = try onStep(report)
      if !goesOn || isLast || stopsEarly || progress.step % settings.checkpointEvery == 0 { try save() }
      if !goesOn { return }
    }
  }

  /// Mean losses of the step's batches; adds their gradients.
  private func losses(_ batches: [PackedBatch]) throws -> [TuningStep.ExitLoss] {
    let total = Float(batches.reduce(0) { $0 + $1.scoredRows.count })
    let parts = zip(exits, settings.weights(of: exits, step: progress.step)).enumerated().compactMap {
      $1.1 > 0 ? TuningObjective.Part(exit: $1.0, index: $0, weight: $1.1 / total) : nil
    }
    return try means(batches, parts, total: total, withGradients: true)
  }

  /// Mean losses on the held-out documents.
  package func evaluate() throws -> [TuningStep.ExitLoss] {
    trained.merge()
    let packing = Packing(
      lengths: heldOut.map { $0.scored.upperBound - 1 }, rowLimit: settings.batchTokens, seed: 0, epoch: 0)
    let batches = packing.batches.map { PackedBatch($0.map { heldOut[$0] }) }
    let parts = exits.enumerated().map { TuningObjective.Part(exit: $1, index: $0, weight: 0) }
    let total = Float(batches.reduce(0) { $0 + $1.scoredRows.count })
    return try means(batches, parts, total: total, withGradients: false)
  }

  private func means(
    _ batches: [PackedBatch], _ parts: [TuningObjective.Part], total: Float, withGradients: Bool
  ) throws -> [TuningStep.ExitLoss] {
    var sums = parts.map { _ in DistributionLoss.Outcome() }
    for (number, batch) in batches.enumerated() {
      let outcomes = try objective.run(
        batch, parts: parts, sample: withGradients ? sample(for: batch, number) : nil,
        withGradients: withGradients)
      for (index, outcome) in outcomes.enumerated() {
        sums[index].crossEntropy += outcome.crossEntropy
        sums[index].divergence += outcome.divergence
      }
    }
    return zip(parts, sums).map { part, sum in
      TuningStep.ExitLoss(
        exit: part.exit, crossEntropy: sum.crossEntropy / total,
        divergence: settings.loss == .distill ? sum.divergence / total : nil)
    }
  }

  /// The tokens over which shallow exits are compared in the step's batch `number`; nil for all.
  private func sample(for batch: PackedBatch, _ number: Int) -> VocabularySample? {
    settings.sampledVocabulary.map { count in
      var random = SplitMix64(
        seed: settings.seed, purpose: .vocabulary, number: progress.step * settings.accumulation + number)
      return VocabularySample(
        certain: batch.targets + batch.tokens, sampled: count,
        vocabularySize: layout.configuration.vocabularySize, random: &random)
    }
  }

  /// Remembers the best parameters, and ends the run when patience does.
  private func judge(_ losses: [TuningStep.ExitLoss]) {
    guard let patience = settings.patience else { return }
    let mean = losses.reduce(0) { $0 + $1.crossEntropy } / Float(losses.count)
    if mean < progress.bestLoss ?? .infinity {
      progress.bestLoss = mean
      progress.evaluationsSinceBest = 0
      best.floats.update(from: optimiser.values.floats, count: best.floatCount)
    } else {
      progress.evaluationsSinceBest += 1
      progress.isOver = progress.evaluationsSinceBest >= patience
    }
  }

  private var blocks: [AlignedBuffer] {
    [optimiser.values] + optimiser.moments.blocks + (settings.patience == nil ? [] : [best])
  }

  private var header: Header {
    Header(
      settings: settings, exits: exits, model: trained.digest, documents: documentsDigest, progress: progress)
  }

  private func save() throws {
    guard optimiser.values.isFinite else {
      throw TrainingError.diverged("a weight", step: progress.step, state: statePath)
    }
    guard let statePath else { return }
    try TrainingState.write(header, blocks: blocks, to: statePath)
  }

  private func resume() throws {
    guard let statePath else { return }
    let found = try TrainingState.read(Header.self, blocks: blocks, from: statePath) { found in
      var expected = header
      expected.progress = found.progress
      expected.settings.learningRate = found.settings.learningRate
      guard found == expected, (0...settings.steps).contains(found.progress.step) else {
        throw TrainingError(
          .foreignFile, "the state belongs to a run with other settings, data or model", at: statePath,
          remedy: "Delete it to start anew, or give the settings it was started with.")
      }
    }
    guard let found else { return }
    progress = found.progress
    progress.pastLearningRates = progress.pastLearningRates.adding(
      found.settings.learningRate, through: found.progress.step, before: settings.learningRate)
  }
}
