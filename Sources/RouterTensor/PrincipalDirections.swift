/// Directions in which a set of vectors is long.
package enum PrincipalDirections {
  /// Samples that are looked at, about, evenly spread.
  private static let sampleLimit = 128

  /// Orthonormal f32 `[count * K]`, about the leading eigenvectors of the samples' second moments, by orthogonal
  /// iteration; fewer, or none, if the samples do not span so many.
  ///
  /// - Parameters:
  ///   - samples: f32 `[n, K]`, one after another, each weighed by its direction alone.
  ///   - count: directions wanted, at most n and K.
  /// - Complexity: O(rounds m K count) for the m samples, at most 128, that are looked at.
  package static func leading(
    _ count: Int, of samples: [Float], width: Int, rounds: Int = 3
  ) -> [Float] {
    precondition(width > 0 && samples.count % width == 0, "samples [\(samples.count)] of width \(width)")
    let units = normalised(samples, width: width, every: max(1, samples.count / width / sampleLimit))
    let n = units.count / width
    // The samples themselves, spread out, are the first estimate.
    var basis: [[Double]] = (0..<min(count, n)).map { index in
      let start = index * n / min(count, n) * width
      return Array(units[start..<start + width])
    }
    basis = orthonormalised(basis)
    for _ in 0..<rounds {
      basis = orthonormalised(
        basis.map { direction in
          var image = [Double](repeating: 0, count: width)
          for sample in 0..<n {
            let start = sample * width
            var dot = 0.0
            for c in 0..<width { dot += units[start + c] * direction[c] }
            for c in 0..<width { image[c] += units[start + c] * dot }
          }
          return image
        })
    }
    return basis.flatMap { $0.map(Float.init) }
  }

  private static func normalised(_ samples: [Float], width: Int, every step: Int) -> [Double] {
    var result: [Double] = []
    for start in stride(from: 0, to: samples.count, by: step * width) {
      let sample = samples[start..<start + width].map(Double.init)
      let norm = sample.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm.isFinite, norm > 0 else { continue }
      result += sample.map { $0 / norm }
    }
    return result
  }

  /// Gram and Schmidt, twice each for accuracy; what depends on the others is dropped.
  private static func orthonormalised(_ vectors: [[Double]]) -> [[Double]] {
    var result: [[Double]] = []
    for vector in vectors {
      var rest = vector
      let length = norm(vector)
      for _ in 0..<2 {
        for other in result {
          var dot = 0.0
          for c in rest.indices { dot += rest[c] * other[c] }
          for c in rest.indices { rest[c] -= dot * other[c] }
        }
      }
      let left = norm(rest)
      if left > 1e-6 * length { result.append(rest.map { $0 / left }) }
    }
    return result
  }

  private static func norm(_ vector: [Double]) -> Double {
    vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
