/// A highest learning rate that a run had before it was resumed with another.
package struct PastLearningRate: Sendable, Codable, Equatable {
  /// The last step that it was for.
  package let lastStep: Int
  package let learningRate: Float

  package init(lastStep: Int, learningRate: Float) {
    self.lastStep = lastStep
    self.learningRate = learningRate
  }
}

extension [PastLearningRate] {
  /// These and `rate`, which a run had through step `step`, if it goes on with another one.
  func adding(_ rate: Float, through step: Int, before next: Float) -> [PastLearningRate] {
    rate == next ? self : self + [PastLearningRate(lastStep: step, learningRate: rate)]
  }
}
