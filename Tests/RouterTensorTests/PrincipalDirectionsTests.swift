import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Directions in which samples are long.
struct PrincipalDirectionsTests {
  private let width = 48

  private func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private func directions(_ all: [Float]) -> [ArraySlice<Float>] {
    stride(from: 0, to: all.count, by: width).map { all[$0..<$0 + width] }
  }

  @Test func theyAreOrthonormal() {
    var random = SplitMix64(seed: 1)
    let found = directions(PrincipalDirections.leading(6, of: random.floats(40 * width), width: width))
    #expect(found.count == 6)
    for (i, a) in found.enumerated() {
      for (j, b) in found.enumerated() { #expect(abs(dot(a, b) - (i == j ? 1 : 0)) < 1e-6) }
    }
  }

  /// Samples of length 10 along one axis and of length 1 across it: the axis comes first, to within their ratio.
  @Test func theyHoldTheLongPartsOfTheSamples() throws {
    var random = SplitMix64(seed: 2)
    var axis = random.floats(width)
    let length = dot(axis[...], axis[...]).squareRoot()
    axis = axis.map { $0 / Float(length) }
    var samples: [Float] = []
    for _ in 0..<60 {
      let noise = random.floats(width, amplitude: 0.25)
      samples += zip(axis, noise).map { 10 * $0 + $1 }
    }
    let found = directions(PrincipalDirections.leading(3, of: samples, width: width))
    #expect(abs(dot(try #require(found.first), axis[...])) > 0.999)
  }

  /// Samples along two axes have two directions, whatever is asked for.
  @Test func dependentSamplesGiveFewerDirections() {
    var samples = [Float](repeating: 0, count: 10 * width)
    for sample in 0..<10 {
      samples[sample * width + 3] = Float(sample + 1)
      samples[sample * width + 7] = Float(sample * sample)
    }
    #expect(directions(PrincipalDirections.leading(5, of: samples, width: width)).count == 2)
  }

  @Test func samplesThatAreNoDirectionDoNotCount() {
    let zeros = [Float](repeating: 0, count: 3 * width)
    #expect(PrincipalDirections.leading(4, of: zeros, width: width).isEmpty)
    #expect(PrincipalDirections.leading(4, of: [Float](repeating: .nan, count: width), width: width).isEmpty)
    #expect(PrincipalDirections.leading(4, of: [], width: width).isEmpty)
  }
}
