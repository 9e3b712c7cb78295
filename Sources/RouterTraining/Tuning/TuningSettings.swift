import RouterRandom

/// How a model is tuned.
package struct TuningSettings: Sendable, Codable, Equatable {
  package var method: TuningMethod
  package var loss: TuningLoss = .mean
  /// Exits to train, ascending; nil for all of the model. Ignored by `sft`, which trains full depth.
  package var exits: [Int]?
  /// Layers of the extracted model; `extracted` needs it.
  package var extractedDepth: Int?
  /// Train factors of this rank beside each matrix of each layer instead of all weights; nil for all weights.
  package var loraRank: Int?
  /// The factors' product counts alpha / rank times (Hu et al., arXiv 2106.09685, section 4.1).
  package var loraAlpha: Float = 32
  /// Share of the original's distribution in the target of `distill`.
  package var distillationShare: Float = 0.5
  /// Compare exits but the deepest over the batch's own tokens and this many random others, by an unbiased
  /// estimate of the partition function, instead of over the whole vocabulary; nil for all tokens. A head costs
  /// as much as several layers of a small model, and sorted tuning pays one for each exit.
  package var sampledVocabulary: Int?
  /// Optimiser steps.
  package var steps: Int
  /// Rows of a packed batch, T.
  package var batchTokens = 1024
  /// Batches a step.
  package var accumulation = 1
  package var learningRate: Float
  /// Learning rate of exit adapters that are tuned along, as a multiple of that of the rest: adapters that have
  /// been trained before need little.
  package var adapterRate: Float = 1
  package var warmupSteps = 0
  /// Decay of the running mean of squared gradients.
  package var beta2: Float = 0.95
  /// Decoupled weight decay of matrices.
  package var weightDecay: Float = 0
  /// Gradients whose global norm exceeds this are scaled down to it.
  package var clipNorm: Float = 1
  /// Keep the optimiser's moments in bf16, rounded stochastically: half of their memory.
  package var bf16Moments = false
  /// Keep only layer inputs of the forward pass and compute the rest again: less memory, a third more work.
  package var recompute = false
  package var seed: UInt64 = 1
  /// Steps between two evaluations on held-out documents.
  package var evaluateEvery = 100
  /// Stop after this many evaluations without improvement and return the best weights; nil to run all steps.
  package var patience: Int?
  /// Steps between two writings of the state file.
  package var checkpointEvery = 100

  /// Settings with defaults for all but the essential ones.
  package init(method: TuningMethod, steps: Int, learningRate: Float) {
    self.method = method
    self.steps = steps
    self.learningRate = learningRate
  }
}

extension TuningSettings {
  /// The exits that are trained, ascending, for a model with the exits `available`.
  ///
  /// - Throws: ``TrainingError`` `unknownExit` or `invalidSettings`.
  func trainedExits(of available: [Int]) throws(TrainingError) -> [Int] {
    let depth = available.last ?? 0
    let known = available.map(String.init).joined(separator: ", ")
    switch method {
    case .sft: return [depth]
    case .extracted:
      guard let extractedDepth, (1...depth).contains(extractedDepth) else {
        throw TrainingError(
          .unknownExit, "an extracted model needs a depth of 1 to \(depth) layers",
          remedy: "Give a depth, such as one of \(known).")
      }
      return [extractedDepth]
    case .soft, .ict:
      let chosen = (exits ?? available).filter { method == .soft || $0 != depth }
      guard !chosen.isEmpty, chosen.allSatisfy(available.contains),
        zip(chosen, chosen.dropFirst()).allSatisfy(<)
      else {
        throw TrainingError(
          .unknownExit, "the exits to train are not among the model's, or not ascending",
          remedy: "Choose from \(known).")
      }
      return chosen
    }
  }

  /// Each trained exit's factor in the loss of step `step`; zero for exits that sit the step out.
  package func weights(of exits: [Int], step: Int) -> [Float] {
    switch loss {
    case .mean, .distill: return exits.map { _ in 1 / Float(exits.count) }
    case .weighted:
      let total = Float(exits.reduce(0, +))
      return exits.map { Float($0) / total }
    case .sampled:
      var random = SplitMix64(seed: seed, purpose: .exits, number: step)
      let chosen = Int(random.next() % UInt64(exits.count))
      return exits.indices.map { $0 == chosen ? 1 : 0 }
    }
  }

  /// Checks ranges and combinations.
  ///
  /// - Throws: ``TrainingError`` `invalidSettings` that names the setting.
  func validate() throws(TrainingError) {
    func require(_ holds: Bool, _ setting: String, _ remedy: String) throws(TrainingError) {
      guard holds else {
        throw TrainingError(.invalidSettings, "a setting is out of range", at: setting, remedy: remedy)
      }
    }
    try require((1...100_000_000).contains(steps), "steps \(steps)", "Give at least one step.")
    try require((1...65536).contains(batchTokens), "batch tokens \(batchTokens)", "Give 1 to 65536.")
    try require((1...4096).contains(accumulation), "accumulation \(accumulation)", "Give 1 to 4096.")
    try require(learningRate > 0 && learningRate <= 1, "learning rate \(learningRate)", "Give 0 to 1.")
    try require(
      adapterRate >= 0 && learningRate * adapterRate <= 1, "adapter rate \(adapterRate)",
      "Give a multiple of the learning rate that makes at most 1.")
    try require((0...steps).contains(warmupSteps), "warm-up \(warmupSteps)", "Give at most the steps.")
    try require(beta2 >= 0 && beta2 < 1, "beta2 \(beta2)", "Give 0 to less than 1.")
    try require(weightDecay >= 0 && weightDecay < 1, "weight decay \(weightDecay)", "Give 0 to 1.")
    try require(clipNorm > 0, "clip norm \(clipNorm)", "Give a positive norm.")
    try require(
      distillationShare >= 0 && distillationShare <= 1, "distillation share \(distillationShare)",
      "Give 0 to 1.")
    try require(evaluateEvery > 0, "evaluation interval \(evaluateEvery)", "Give at least 1.")
    try require(checkpointEvery > 0, "checkpoint interval \(checkpointEvery)", "Give at least 1.")
    try require(
      (sampledVocabulary ?? 1) > 0, "sampled vocabulary \(sampledVocabulary ?? 0)", "Give at least 1.")
    try require((patience ?? 1) > 0, "patience \(patience ?? 0)", "Give at least 1.")
    if let loraRank {
      try require((1...4096).contains(loraRank), "LoRA rank \(loraRank)", "Give 1 to 4096.")
      try require(loraAlpha.isFinite, "LoRA alpha \(loraAlpha)", "Give a finite number.")
      try require(
        method != .ict, "LoRA rank \(loraRank)", "Leave it out: ict trains heads, not the trunk.")
    }
  }
}
