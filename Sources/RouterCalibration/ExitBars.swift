/// What tokens have to reach at each exit to leave, and before that to be asked at all.
struct ExitBars: Equatable {
  /// A confidence per exit; nil where none is asked.
  var thresholds: [Float?]
  /// A gate's confidence per exit; nil where all are asked.
  var gates: [Float?]

  /// The same threshold at some exits, and nobody asked at the others.
  init(_ thresholds: [Float?]) {
    self.thresholds = thresholds
    gates = thresholds.map { _ in nil }
  }

  /// Half way between two: between a bar and none, none is as high as bars get, or as low as gates get.
  func middle(to other: ExitBars) -> ExitBars {
    var result = self
    for exit in thresholds.indices {
      if thresholds[exit] != nil || other.thresholds[exit] != nil {
        result.thresholds[exit] = ((thresholds[exit] ?? 1) + (other.thresholds[exit] ?? 1)) / 2
      }
      // Where only one side asks, its gate is all that is known.
      let gate = thresholds[exit] == nil ? other.gates[exit] : gates[exit]
      let otherGate = other.thresholds[exit] == nil ? gates[exit] : other.gates[exit]
      result.gates[exit] = gate == nil && otherGate == nil ? nil : ((gate ?? 0) + (otherGate ?? 0)) / 2
    }
    return result
  }
}
