import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Attention over a cache of several blocks: how it is divided among threads, and what the cache holds.
struct CacheLawTests {
  private static let tokens = (0..<300).map { Int32($0 * 37 % 90) }

  private func states(
    threads: Int, batches: [Int], element: CacheElement, encoding: WeightEncoding = .q8
  ) throws -> [Float] {
    let model = TinyModel(configuration: try Self.configuration(), encoding: encoding).model(threads: threads)
    let session = try InferenceSession(model: model, capacity: 300, cacheElement: element)
    return try session.run(Array(Self.tokens[..<batches.reduce(0, +)]), batches: batches)
  }

  /// Two layers like a fixture's, with room for three blocks of the cache.
  private static func configuration() throws -> ModelConfiguration {
    let small = try ModelFixture.named("llama3 scaling").configuration
    return try ModelConfiguration(
      architecture: small.architecture, layerCount: 2, width: small.width, headCount: small.headCount,
      keyValueHeadCount: small.keyValueHeadCount, headWidth: small.headWidth,
      feedForwardWidth: small.feedForwardWidth, vocabularySize: small.vocabularySize, contextLength: 300,
      normEpsilon: small.normEpsilon, rotary: small.rotary, tiedHead: small.tiedHead,
      attentionBias: small.attentionBias)
  }

  /// Prefill goes by rows, a few rows at a long context by blocks of the cache: the bits are the same.
  @Test(arguments: CacheElement.allCases)
  func bitsDoNotDependOnBatchesOrThreads(element: CacheElement) throws {
    let expected = try states(threads: 1, batches: [Int](repeating: 1, count: 300), element: element)
    for (threads, step) in [(1, 128), (2, 8), (5, 8), (2, 3), (5, 9), (2, 100)] {
      let batches = stride(from: 0, to: 300, by: step).map { min(step, 300 - $0) }
      let isSame = try states(threads: threads, batches: batches, element: element) == expected
      #expect(isSame, "\(threads) threads, batches of \(step)")
    }
  }

  /// f16 keys and values move the states by about their own rounding, 2^-11, and no more.
  @Test func aHalfPrecisionCacheIsCloseToAnExactOne() throws {
    let exact = try states(threads: 1, batches: [100], element: .f32, encoding: .f32)
    let rounded = try states(threads: 1, batches: [100], element: .f16, encoding: .f32)
    let error = relativeError(rounded, exact)
    #expect(error > 0 && error < 0x1p-9)
  }

  /// 8-bit keys and values move them by about half a step of the largest element over 127, and no more.
  @Test func aCacheOfCodesIsCloseToAnExactOne() throws {
    let exact = try states(threads: 1, batches: [100], element: .f32, encoding: .f32)
    let rounded = try states(threads: 1, batches: [100], element: .q8, encoding: .f32)
    let error = relativeError(rounded, exact)
    #expect(error > 0 && error < 0x1p-6)
  }

  @Test func aCacheOfTheWantedPrecisionIsMade() throws {
    let fixture = try ModelFixture.named("tied head")
    let model = TinyModel(configuration: fixture.configuration, encoding: .q4).model()
    func states(_ element: CacheElement?, of session: CacheElement? = nil) throws -> [Float] {
      let model = LlamaModel(
        configuration: model.configuration, exits: model.exits, weights: model.weights,
        matmul: model.matmul, cacheElement: element)
      return try InferenceSession(model: model, capacity: 24, cacheElement: session).run(fixture.tokens)
    }
    let (half, full, codes) = (try states(.f16), try states(.f32), try states(.q8))
    #expect(half != full && codes != full && codes != half)
    #expect(try states(nil) == half)
    #expect(try states(.f16, of: .f32) == full)
  }

  /// Rounded activations take a rounded cache along; exact ones keep it exact.
  @Test func theCacheIsAsPreciseAsTheActivations() throws {
    let fixture = try ModelFixture.named("tied head")
    for encoding in WeightEncoding.allCases {
      let model = TinyModel(configuration: fixture.configuration, encoding: encoding).model()
      let isQuantised = encoding.isQuantized
      #expect(model.fittingCacheElement == (isQuantised ? .f16 : .f32))
      let exact = LlamaModel(
        configuration: model.configuration, exits: model.exits, weights: model.weights,
        matmul: Matmul(team: model.matmul.team, precision: .f32))
      #expect(exact.fittingCacheElement == .f32)
    }
  }
}
