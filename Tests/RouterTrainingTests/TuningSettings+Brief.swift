import RouterTraining

extension TuningSettings {
  /// A run of a few small batches that writes its state on the way.
  static func brief(_ method: TuningMethod = .soft, steps: Int = 8) -> TuningSettings {
    var settings = TuningSettings(method: method, steps: steps, learningRate: 0.01)
    settings.batchTokens = 40
    settings.warmupSteps = 2
    settings.checkpointEvery = 3
    return settings
  }
}
