import RouterRandom
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

/// The dimensions in which a head looks at all tokens.
struct NarrowHeadFitTests {
  private static let (tokens, width) = (83, 64)

  /// Inputs of which all but `span` dimensions hardly vary, around a mean.
  private static func inputs(_ count: Int, span: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: 3)
    let basis = random.floats(span * width, amplitude: 1)
    let mean = random.floats(width, amplitude: 2)
    random = SplitMix64(seed: seed)
    return (0..<count).flatMap { _ -> [Float] in
      let weights = random.floats(span, amplitude: 1)
      return (0..<width).map { column in
        (0..<span).reduce(mean[column]) { $0 + weights[$1] * basis[$1 * width + column] }
      }
    }
  }

  private static let head: WeightMatrix = {
    var random = SplitMix64(seed: 8)
    return WeightMatrix(
      EncodedMatrix(random.floats(tokens * width, amplitude: 1), as: .f32, rows: tokens, columns: width))
  }()

  private static func values(rank: Int, span: Int, encoding: WeightEncoding = .q8) throws -> NarrowHeadValues
  {
    var moments = HeadInputMoments(width: width)
    let inputs = inputs(400, span: span, seed: 21)
    moments.add(Array(inputs.prefix(100 * width)))
    moments.add(Array(inputs.dropFirst(100 * width)))
    return try NarrowHeadFit(head, moments: moments).narrowHead(
      rank: rank, encoding: encoding, inputs: Self.inputs(50, span: span, seed: 22), found: 0.98)
  }

  private static func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>, from start: Float = 0) -> Float {
    var sum = start
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }

  /// Root mean square of (what the values say - logits) over that of logits around their mean.
  private static func error(_ values: NarrowHeadValues, span: Int) -> Double {
    var (errors, sizes) = (0.0, 0.0)
    var row = [Float](repeating: 0, count: width)
    let (inputs, rank) = (inputs(40, span: span, seed: 23), values.rank)
    for start in stride(from: 0, to: inputs.count, by: width) {
      let input = inputs[start..<start + width]
      let projected = (0..<rank).map { i in
        dot(values.projection[i * width..<(i + 1) * width], input, from: -values.centre[i])
      }
      for token in 0..<tokens {
        head.decodeRow(token, into: &row)
        let (exact, mean) = (dot(row[...], input), values.bias[token])
        let about = dot(values.weight[token * rank..<(token + 1) * rank], projected[...], from: mean)
        errors += Double((about - exact) * (about - exact))
        sizes += Double((exact - mean) * (exact - mean))
      }
    }
    return (errors / sizes).squareRoot()
  }

  /// As many dimensions as inputs vary in say everything; half of them most of it; of few no more than their share.
  @Test func asManyDimensionsAsInputsVaryInSayEverything() throws {
    #expect(try Self.error(Self.values(rank: 32, span: 30), span: 30) < 2e-2)
    #expect(try Self.error(Self.values(rank: 64, span: 64), span: 64) < 1e-2)
    let half = Self.error(try Self.values(rank: 32, span: 64), span: 64)
    #expect(half > 0.1 && half < 0.7, "\(half)")
  }

  /// The fewer dimensions, the more tokens have to lead; where all is known, one block does.
  @Test func tokensThatLeadMakeUpForDimensions() throws {
    let (all, few) = (try Self.values(rank: 64, span: 64), try Self.values(rank: 32, span: 64))
    #expect(all.leadingBlocks == 1 && few.leadingBlocks > 1 && few.leadingBlocks <= (Self.tokens + 15) / 16)
  }

  @Test(arguments: [0, 31, 96])
  func aRankThatDoesNotFitIsRefused(rank: Int) {
    let error = #expect(throws: TrainingError.self) { try Self.values(rank: rank, span: 8) }
    #expect(error?.code == .invalidSettings && error?.remedy.contains("multiple of 32") == true)
  }

  @Test func tooFewTokensAreRefused() {
    var moments = HeadInputMoments(width: Self.width)
    moments.add(Self.inputs(Self.width, span: 8, seed: 1))
    let moment = moments
    let error = #expect(throws: TrainingError.self) { try NarrowHeadFit(Self.head, moments: moment) }
    #expect(error?.code == .invalidSettings)
  }

  @Test func momentsThatAreNoNumbersAreRefused() throws {
    var moments = HeadInputMoments(width: Self.width)
    moments.add([Float](repeating: .nan, count: 100 * Self.width))
    let fit = try NarrowHeadFit(Self.head, moments: moments)
    let error = #expect(throws: TrainingError.self) {
      try fit.narrowHead(rank: 32, encoding: .q8, inputs: [], found: 0.9)
    }
    #expect(error?.code == .diverged)
  }
}
