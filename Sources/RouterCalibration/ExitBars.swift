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

  /// Half way between two: between a bar and none, none is as high as bars get, and so is the gate of an exit that nobody
  /// asks; between a gate and none, none is as low as gates get.
  func middle(to other: ExitBars) -> ExitBars {
    var result = self
    func gate(_ bars: ExitBars, _ exit: Int) -> Float {
      bars.thresholds[exit] == nil ? 1 : bars.gates[exit] ?? 0
    }
    for exit in thresholds.indices where thresholds[exit] != nil || other.thresholds[exit] != nil {
      result.thresholds[exit] = ((thresholds[exit] ?? 1) + (other.thresholds[exit] ?? 1)) / 2
      result.gates[exit] =
        gates[exit] == nil && other.gates[exit] == nil ? nil : (gate(self, exit) + gate(other, exit)) / 2
    }
    return result
  }
}
