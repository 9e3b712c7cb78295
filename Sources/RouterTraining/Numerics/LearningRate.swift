import Foundation

/// A learning rate that rises linearly, then falls along a half cosine to zero.
struct LearningRate: Sendable {
  let peak: Float
  let warmupSteps: Int
  let steps: Int

  /// The rate of step number `step`, counted from 1.
  func callAsFunction(_ step: Int) -> Float {
    if step <= warmupSteps { return peak * Float(step) / Float(warmupSteps) }
    let progress = Double(step - warmupSteps) / Double(max(1, steps - warmupSteps + 1))
    return peak * Float(0.5 * (1 + cos(Double.pi * progress)))
  }
}
