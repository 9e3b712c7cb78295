import Foundation
import RouterCheckpoint
import RouterRandom
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct AdapterMathTests {
  private let width = 24
  private let rows = 5

  /// L = sum of coefficients * z'.
  private func loss(
    _ kind: ExitAdapterKind, _ parameters: [Float], z: [Float], coefficients: [Float]
  ) -> Double {
    let scratch = AlignedBuffer(floats: rows * kind.scratchWidth)
    let output = AlignedBuffer(floats: rows * width)
    AdapterMath(kind: kind, width: width).forward(
      z, rows: rows, parameters: parameters, scratch: scratch.floats, into: output.floats)
    return zip(coefficients, output.elements(of: Float.self)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test(arguments: [ExitAdapterKind.linear, .gated(inner: 7)])
  func gradientsAreThoseOfFiniteDifferences(_ kind: ExitAdapterKind) {
    let count = kind.parameterCount(width: width)
    let parameters = FixtureWeights.units("parameters", count: count)
    let z = FixtureWeights.units("states", count: rows * width)
    let coefficients = FixtureWeights.units("coefficients", count: rows * width)
    let math = AdapterMath(kind: kind, width: width)
    let scratch = AlignedBuffer(floats: rows * kind.scratchWidth)
    let room = AlignedBuffer(floats: rows * kind.scratchWidth)
    let output = AlignedBuffer(floats: rows * width)
    let gradients = AlignedBuffer(floats: count)
    math.forward(z, rows: rows, parameters: parameters, scratch: scratch.floats, into: output.floats)
    math.backward(
      coefficients, z: z, rows: rows, parameters: parameters, scratch: scratch.floats, room: room.floats,
      gradients: gradients.floats)
    for index in stride(from: 0, to: count, by: 5) {
      var (ahead, behind) = (parameters, parameters)
      ahead[index] += 0.01
      behind[index] -= 0.01
      let measured =
        (loss(kind, ahead, z: z, coefficients: coefficients)
          - loss(kind, behind, z: z, coefficients: coefficients)) / 0.02
      #expect(abs(Double(gradients.floats[index]) - measured) < 2e-3, "parameter \(index)")
    }
  }

  @Test func anAdapterOfZerosIsTheIdentity() {
    let z = FixtureWeights.units("states", count: rows * width)
    for kind in [ExitAdapterKind.linear, .gated(inner: 7)] {
      let zeros = [Float](repeating: 0, count: kind.parameterCount(width: width))
      let scratch = AlignedBuffer(floats: rows * kind.scratchWidth)
      let output = AlignedBuffer(floats: rows * width)
      AdapterMath(kind: kind, width: width).forward(
        z, rows: rows, parameters: zeros, scratch: scratch.floats, into: output.floats)
      #expect(Array(output.elements(of: Float.self)) == z)
    }
  }

  @Test func equalLogitsGiveNoLossAndNoGradient() {
    var random = SplitMix64(seed: 1, purpose: .vocabulary, number: 0)
    let sample = VocabularySample(certain: [3, 9, 3, 40], sampled: 20, vocabularySize: 100, random: &random)
    #expect(sample.tokens.count == 23 && sample.certainCount == 3 && Set(sample.tokens).count == 23)
    #expect(abs(sample.correction - Float(log(97.0 / 20))) < 1e-6)
    let logits = FixtureWeights.units("logits", count: 23).map { $0 * 5 }
    let loss = DistributionLoss(
      count: 23, certainCount: sample.certainCount, correction: sample.correction, labelShare: 0)
    let (teacher, student, room) = (
      AlignedBuffer(holding: logits), AlignedBuffer(holding: logits), AlignedBuffer(floats: 23)
    )
    let view = loss.teacher(teacher.floats, room: room.floats)
    let outcome = loss.student(student.floats, teacher: view, label: 0, scale: 1, room: room.floats)
    #expect(abs(outcome.divergence) < 1e-5)
    #expect((0..<23).allSatisfy { abs(student.floats[$0]) < 1e-6 })
  }

  @Test func theGradientOfTheLossIsThatOfFiniteDifferences() {
    let count = 21
    let loss = DistributionLoss(count: count, certainCount: 8, correction: 0.7, labelShare: 0.3)
    let logits = FixtureWeights.units("student", count: count).map { $0 * 3 }
    let teacherLogits = FixtureWeights.units("teacher", count: count).map { $0 * 3 }
    func evaluate(_ logits: [Float]) -> (loss: Double, gradient: [Float]) {
      let (teacher, student) = (AlignedBuffer(holding: teacherLogits), AlignedBuffer(holding: logits))
      let room = AlignedBuffer(floats: count)
      let view = loss.teacher(teacher.floats, room: room.floats)
      let outcome = loss.student(student.floats, teacher: view, label: 5, scale: 1, room: room.floats)
      return (
        Double(outcome.crossEntropy) * 0.3 + Double(outcome.divergence) * 0.7,
        Array(student.elements(of: Float.self))
      )
    }
    let gradient = evaluate(logits).gradient
    for i in 0..<count {
      var (ahead, behind) = (logits, logits)
      ahead[i] += 0.01
      behind[i] -= 0.01
      let measured = (evaluate(ahead).loss - evaluate(behind).loss) / 0.02
      #expect(abs(Double(gradient[i]) - measured) < 1e-3)
    }
  }

  @Test func theSampledPartitionIsUnbiased() {
    let logits = FixtureWeights.units("logits", count: 400).map { exp($0 * 2) }
    let exact = logits.reduce(0, +)
    var mean: Float = 0
    for number in 0..<400 {
      var random = SplitMix64(seed: 5, purpose: .vocabulary, number: number)
      let sample = VocabularySample(certain: [1, 2, 3], sampled: 50, vocabularySize: 400, random: &random)
      for (place, token) in sample.tokens.enumerated() {
        mean += logits[Int(token)] * (place < sample.certainCount ? 1 : exp(sample.correction)) / 400
      }
    }
    // 400 samples of 50 of 397: the standard error is about 0.5 %.
    #expect(abs(mean - exact) < 0.02 * exact)
  }
}
