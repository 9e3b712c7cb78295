import RouterCheckpoint

/// How exit adapters are trained.
package struct AdapterSettings: Sendable, Codable, Equatable {
  /// Over which tokens a step compares teacher and exits.
  package enum Vocabulary: Sendable, Codable, Equatable {
    /// All of them: exact, and slow for a large vocabulary.
    case full
    /// The teacher's `teacherTop` most probable tokens at each position of the batch, the tokens that follow,
    /// the `frequent` tokens that the teacher chooses most often, and `random` others; see
    /// `VocabularySample`.
    case sampled(teacherTop: Int, frequent: Int, random: Int)
  }

  package var kind: ExitAdapterKind
  /// Optimiser steps.
  package var steps: Int
  /// Positions a step, M.
  package var batchTokens: Int
  /// The highest learning rate; the rate falls along a half cosine to zero.
  package var learningRate: Float
  package var warmupSteps: Int
  /// Decoupled weight decay.
  package var weightDecay: Float
  /// Share of the teacher's argmax in the target; 0 is pure Kullback-Leibler divergence.
  package var argmaxShare: Float
  package var vocabulary: Vocabulary
  /// How many of the last steps use the full vocabulary.
  package var fullVocabularySteps: Int
  package var seed: UInt64
  /// Steps between two writings of the state file.
  package var checkpointEvery: Int

  /// Settings that worked for SmolLM2-135M.
  package init(
    kind: ExitAdapterKind = .linear, steps: Int, batchTokens: Int = 256, learningRate: Float = 1e-3,
    warmupSteps: Int = 20, weightDecay: Float = 0, argmaxShare: Float = 0,
    vocabulary: Vocabulary = .sampled(teacherTop: 16, frequent: 512, random: 1024),
    fullVocabularySteps: Int = 0, seed: UInt64 = 1, checkpointEvery: Int = 100
  ) {
    self.kind = kind
    self.steps = steps
    self.batchTokens = batchTokens
    self.learningRate = learningRate
    self.warmupSteps = warmupSteps
    self.weightDecay = weightDecay
    self.argmaxShare = argmaxShare
    self.vocabulary = vocabulary
    self.fullVocabularySteps = fullVocabularySteps
    self.seed = seed
    self.checkpointEvery = checkpointEvery
  }

  /// Checks that the settings can be used.
  ///
  /// - Throws: ``TrainingError`` `invalidSettings` that names the setting.
  package func validate() throws(TrainingError) {
    func require(_ holds: Bool, _ setting: String, _ remedy: String) throws(TrainingError) {
      guard holds else {
        throw TrainingError(.invalidSettings, "a setting is out of range", at: setting, remedy: remedy)
      }
    }
    try require((1...100_000_000).contains(steps), "steps \(steps)", "Give at least one step.")
    try require((1...65536).contains(batchTokens), "batch tokens \(batchTokens)", "Give 1 to 65536.")
    try require(learningRate > 0 && learningRate <= 1, "learning rate \(learningRate)", "Give 0 to 1.")
    try require((0...steps).contains(warmupSteps), "warm-up \(warmupSteps)", "Give at most the steps.")
    try require(weightDecay >= 0 && weightDecay < 1, "weight decay \(weightDecay)", "Give 0 to 1.")
    try require(argmaxShare >= 0 && argmaxShare <= 1, "argmax share \(argmaxShare)", "Give 0 to 1.")
    try require(
      (0...steps).contains(fullVocabularySteps), "full-vocabulary steps \(fullVocabularySteps)",
      "Give at most the steps.")
    try require(checkpointEvery > 0, "checkpoint interval \(checkpointEvery)", "Give at least 1.")
    if case .gated(let inner) = kind {
      try require((1...(1 << 17)).contains(inner), "inner width \(inner)", "Give at least 1.")
    }
    if case .sampled(let top, let frequent, let random) = vocabulary {
      try require(top >= 1 && frequent >= 0 && random >= 0, "sampled vocabulary", "Give positive counts.")
    }
  }
}
