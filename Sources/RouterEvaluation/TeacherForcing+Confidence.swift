import RouterCalibration
import RouterExit

extension TeacherForcing.Score {
  /// The confidence of an estimator at this exit and position, in 0 ... 1; 0 for logits that are not finite.
  ///
  /// Saturation needs two hidden states, which a score does not hold: it is measured where they are.
  func confidence(_ estimator: ExitEstimator) -> Float {
    guard let statistics else { return 0 }
    return switch estimator {
    case .maximumProbability: statistics.maximumProbability
    case .margin: statistics.margin
    case .entropy: 1 - statistics.normalizedEntropy
    case .saturation: saturation
    }
  }
}

extension PilotTrace {
  /// The same trace with some of its exits only.
  func restricted(to wanted: [Int]) throws(CalibrationError) -> PilotTrace {
    let columns = exits.indices.filter { wanted.contains(exits[$0]) }
    var confidences: [Float] = []
    var agreements: [Bool] = []
    for token in 0..<tokenCount {
      for column in columns {
        confidences.append(confidence(token: token, exitIndex: column))
        agreements.append(agrees(token: token, exitIndex: column))
      }
    }
    return try PilotTrace(
      prompt: prompt, exits: columns.map { exits[$0] }, confidences: confidences, agreements: agreements)
  }
}
