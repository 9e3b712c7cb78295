import RouterExit

extension TeacherForcing.Score {
  /// The confidence of an estimator that needs no training, at this exit and position, in 0...1; 0 for logits
  /// that are not finite, and for estimators that read what a score does not hold.
  func confidence(_ estimator: ExitEstimator) -> Float {
    guard let statistics else { return 0 }
    return switch estimator {
    case .maximumProbability: statistics.maximumProbability
    case .margin: statistics.margin
    case .entropy: 1 - statistics.normalizedEntropy
    case .saturation: saturation
    case .learned: 0
    }
  }
}
