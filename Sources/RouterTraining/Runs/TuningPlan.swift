import RouterCheckpoint
import RouterTensor

/// What a tuning run is to do; what is nil follows from the data, the method or the model.
package struct TuningPlan: Sendable {
  /// What is trained.
  package enum Target: Sendable {
    /// An adapter for each exit of the frozen model.
    ///
    /// `initial` are adapters to start from, nil for none.
    case adapters(ExitAdapterKind, initial: AdapterFile?)
    /// The weights, factors of them, or heads.
    case weights(TuningMethod)
  }

  package var target: Target
  /// Optimiser steps; nil for ``epochs``.
  package var steps: Int?
  /// Passes over the data, where ``steps`` is nil.
  package var epochs = 1.0
  /// Tokens of a batch.
  package var batchTokens: Int?
  /// The highest learning rate.
  package var learningRate: Float?
  /// Steps in which the learning rate rises; at most all of them.
  package var warmup = 20
  /// Decoupled weight decay.
  package var weightDecay: Float = 0
  /// Compare exits over this many sampled tokens; 0 for all.
  package var sampledVocabulary: Int?
  /// Of everything random.
  package var seed: UInt64 = 1
  /// Steps between two writings of the state.
  package var checkpointEvery = 100
  /// How trained matrices are stored; nil for q8 in adapters, as they were in weights.
  package var encoding: WeightEncoding?
  /// Licence of the adapters; nil for that of the model, or of adapters that are tuned along.
  package var license: String?

  // MARK: Adapters alone

  /// Share of full depth's most probable token in the target.
  package var argmaxShare: Float = 0
  /// Last steps over all tokens; nil for a tenth of the steps.
  package var fullVocabularySteps: Int?

  // MARK: Weights alone

  /// How exits' losses make one.
  package var loss = TuningLoss.mean
  /// Share of the original's distribution in the target of `distill`.
  package var distillationShare: Float?
  /// Learning rate of exit adapters that are tuned along, as a multiple of ``learningRate``.
  package var adapterRate: Float?
  /// Train factors of this rank; nil for all weights.
  package var loraRank: Int?
  /// Layers of the extracted model.
  package var depth: Int?
  /// Exits to train; nil for all.
  package var exits: [Int]?
  /// Batches a step.
  package var accumulation = 1
  /// Steps between two evaluations on held-out documents.
  package var evaluateEvery = 100
  /// Stop after this many evaluations without improvement; nil for never.
  package var earlyStop: Int?
  /// Compute layers twice instead of keeping what is between.
  package var recompute = false
  /// Keep the optimiser's moments in bf16.
  package var bf16Moments = false

  /// The share of steps over the full vocabulary, where none is given.
  private static let fullVocabularyShare = 10
  /// Tokens over which adapters are compared in most steps.
  private static let adapterVocabulary = 1536
  private static let adapterBatch = 256
  private static let weightBatch = 1024

  /// A plan with defaults for all but what is trained.
  package init(_ target: Target) { self.target = target }

  /// The settings of adapters of some kind, checked.
  ///
  /// - Parameter positions: scored tokens of the data.
  /// - Throws: ``TrainingError`` `invalidSettings`.
  package func adapterSettings(_ kind: ExitAdapterKind, positions: Int) throws(TrainingError)
    -> AdapterSettings
  {
    let batch = batchTokens ?? Self.adapterBatch
    let steps = steps ?? stepCount(positions: positions, perStep: batch)
    let sampled = sampledVocabulary ?? Self.adapterVocabulary
    let settings = AdapterSettings(
      kind: kind, steps: steps, batchTokens: batch, learningRate: learningRate ?? 1e-3,
      warmupSteps: min(warmup, steps), weightDecay: weightDecay, argmaxShare: argmaxShare,
      vocabulary: sampled == 0
        ? .full : .sampled(teacherTop: 16, frequent: sampled / 3, random: sampled - sampled / 3),
      fullVocabularySteps: fullVocabularySteps ?? steps / Self.fullVocabularyShare,
      seed: seed, checkpointEvery: checkpointEvery)
    try settings.validate()
    return settings
  }

  /// The settings of weights tuned by some method.
  ///
  /// - Parameter tokens: of the data, prompts included.
  package func weightSettings(_ method: TuningMethod, tokens: Int) -> TuningSettings {
    let batch = batchTokens ?? Self.weightBatch
    let steps = steps ?? stepCount(positions: tokens, perStep: batch * accumulation)
    var settings = TuningSettings(method: method, steps: steps, learningRate: learningRate ?? 2e-5)
    settings.loss = loss
    if let distillationShare { settings.distillationShare = distillationShare }
    if let adapterRate { settings.adapterRate = adapterRate }
    settings.exits = exits?.sorted()
    settings.extractedDepth = depth
    settings.loraRank = loraRank
    settings.batchTokens = batch
    settings.accumulation = accumulation
    settings.warmupSteps = min(warmup, steps)
    settings.weightDecay = weightDecay
    settings.bf16Moments = bf16Moments
    settings.recompute = recompute
    settings.sampledVocabulary = sampledVocabulary.flatMap { $0 > 0 ? $0 : nil }
    settings.seed = seed
    settings.evaluateEvery = evaluateEvery
    settings.patience = earlyStop
    settings.checkpointEvery = checkpointEvery
    return settings
  }

  private func stepCount(positions: Int, perStep: Int) -> Int {
    max(1, Int((epochs * Double(positions) / Double(max(perStep, 1))).rounded()))
  }
}
