import RouterExit

/// The inputs of an exit's network for many tokens, each column scaled to mean 0 and variance 1, and what the
/// network should say.
struct NetworkInputs {
  /// C, the number of inputs: D and those besides the hidden state.
  let columns: Int
  /// N.
  let count: Int
  /// f32 `[N, C]`, row-major.
  let values: [Float]
  /// f32 `[N]`, in 0...1.
  let targets: [Float]
  private let means: [Float]
  private let deviations: [Float]

  /// Makes the inputs of `LearnedEstimator` from hidden states, and scales them.
  ///
  /// - Parameters:
  ///   - states: f32 `[N, D]`, row-major: residual streams at the exit.
  ///   - tokenIndices: `[N]`: indices within the answers.
  ///   - targets: f32 `[N]`, in 0...1.
  init(states: [Float], width: Int, tokenIndices: [Int], targets: [Float]) {
    precondition(states.count == tokenIndices.count * width && targets.count == tokenIndices.count)
    let columns = width + LearnedEstimator.extraInputs
    let count = tokenIndices.count
    var values = [Float](repeating: 0, count: count * columns)
    for row in 0..<count {
      var square = 0.0
      for column in 0..<width {
        let value = Double(states[row * width + column])
        square += value * value
      }
      let meanSquare = Float(square / Double(width))
      // A state that is zero or not finite: the network will not be asked about such a one.
      guard meanSquare.isFinite, meanSquare >= .leastNormalMagnitude else { continue }
      let scale = 1 / meanSquare.squareRoot()
      for column in 0..<width { values[row * columns + column] = states[row * width + column] * scale }
      values[row * columns + width] = LearnedEstimator.logarithmOfRoot(meanSquare)
      values[row * columns + width + 1] = LearnedEstimator.earliness(tokenIndices[row])
    }
    var means = [Float](repeating: 0, count: columns)
    var deviations = means
    for column in 0..<columns {
      var (sum, squares) = (0.0, 0.0)
      for row in 0..<count {
        let value = Double(values[row * columns + column])
        sum += value
        squares += value * value
      }
      let mean = sum / Double(max(count, 1))
      let variance = squares / Double(max(count, 1)) - mean * mean
      means[column] = Float(mean)
      // A column that never changes tells nothing.
      deviations[column] = variance > 1e-10 * (mean * mean + 1e-10) ? Float(variance.squareRoot()) : 0
    }
    for row in 0..<count {
      for column in 0..<columns {
        let index = row * columns + column
        values[index] =
          deviations[column] > 0 ? (values[index] - means[column]) / deviations[column] : 0
      }
    }
    self.columns = columns
    self.count = count
    self.values = values
    self.targets = targets
    self.means = means
    self.deviations = deviations
  }

  /// Parameters for unscaled inputs that say what `parameters` say for the scaled ones.
  func unscaled(_ parameters: [Float], units: Int) -> [Float] {
    var result = parameters
    for row in 0..<max(1, units) {
      let start = row * (columns + 1)
      var bias = Double(result[start + columns])
      for column in 0..<columns {
        guard deviations[column] > 0 else {
          result[start + column] = 0
          continue
        }
        result[start + column] /= deviations[column]
        bias -= Double(result[start + column]) * Double(means[column])
      }
      result[start + columns] = Float(bias)
    }
    return result
  }
}
