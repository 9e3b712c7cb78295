import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Pages of keys and values: taken as a sequence grows, given back when it ends.
struct KeyValuePoolTests {
  private func pool(pages: Int? = nil) throws -> (KeyValuePool, LlamaModel) {
    let fixture = try ModelFixture.named("tied head")
    let small = fixture.configuration
    let configuration = try ModelConfiguration(
      architecture: small.architecture, layerCount: 2, width: small.width, headCount: small.headCount,
      keyValueHeadCount: small.keyValueHeadCount, headWidth: small.headWidth,
      feedForwardWidth: small.feedForwardWidth, vocabularySize: small.vocabularySize, contextLength: 1000,
      normEpsilon: small.normEpsilon, rotary: small.rotary, tiedHead: small.tiedHead,
      attentionBias: small.attentionBias)
    let model = TinyModel(configuration: configuration, encoding: .q8).model()
    return (KeyValuePool(KeyValueLayout(of: model), pageLimit: pages), model)
  }

  @Test func aSequenceCostsWhatItHasReached() throws {
    let (pool, model) = try pool(pages: 8)
    var sequence: ModelSequence? = try ModelSequence(of: model, in: pool, capacity: 1000)
    #expect(pool.usage.pagesHeld == 0 && pool.usage.pagesPromised == 8)
    try sequence?.begin([Int32](repeating: 1, count: 128))
    #expect(pool.usage.pagesHeld == 1 && pool.usage.pagesPromised == 7)
    try sequence?.append([1])
    #expect(pool.usage.pagesHeld == 2 && pool.usage.pagesMade == 2)
    let layout = KeyValueLayout(of: model)
    // Two layers of keys and values in f16.
    #expect(layout.pageByteCount == 2 * 2 * 128 * model.configuration.keyValueWidth * 2)
    sequence = nil
    #expect(pool.usage.pagesHeld == 0 && pool.usage.pagesPromised == 0)
    // The memory stays for the next.
    #expect(pool.usage.pagesMade == 2)
    let next = try ModelSequence(of: model, in: pool, capacity: 256)
    try next.begin([Int32](repeating: 1, count: 200))
    #expect(pool.usage.pagesHeld == 2 && pool.usage.pagesMade == 2)
  }

  /// Codes take a byte, and a scale of four bytes goes with those of a head and position.
  @Test func aPageOfCodesTakesAboutHalf() throws {
    let (pool, model) = try pool()
    let (heads, width) = (pool.layout.headCount, pool.layout.width)
    let layout = KeyValueLayout(of: model, element: .q8)
    #expect(layout.pageByteCount == 2 * 2 * heads * 128 * (width + 4))
    #expect(pool.layout.pageByteCount == 2 * 2 * heads * 128 * width * 2)
    #expect(KeyValueLayout(of: model, element: .f32).pageByteCount == 2 * pool.layout.pageByteCount)
  }

  /// What is promised cannot be promised again, so that no sequence stops in mid-answer.
  @Test func whatDoesNotFitIsRefusedAndTakesNothing() throws {
    let (pool, model) = try pool(pages: 3)
    let first = try ModelSequence(of: model, in: pool, capacity: 256)
    let error = #expect(throws: ModelError.self) {
      try ModelSequence(of: model, in: pool, capacity: 257)
    }
    #expect(error?.code == .outOfPages)
    let usage = pool.usage
    #expect(usage.pagesHeld == 0 && usage.pagesPromised == 2)
    let second = try ModelSequence(of: model, in: pool, capacity: 128)
    #expect(pool.usage.pagesPromised == 3)
    withExtendedLifetime((first, second)) {}
  }

  /// A page is free once nobody holds it, and then goes to whoever takes one.
  @Test func aPageIsFreeWithItsLastHold() throws {
    let (pool, _) = try pool(pages: 2)
    #expect(pool.promise(2) && !pool.promise(1))
    let first = pool.take()
    pool.retain(first.page)
    pool.release(first.page)
    #expect(pool.usage.pagesHeld == 1)
    let second = pool.take()
    #expect(second.page != first.page && second.memory != first.memory)
    pool.release(first.page)
    #expect(pool.usage.pagesHeld == 1 && pool.promise(1))
    #expect(pool.take().page == first.page)
    pool.release(first.page)
    pool.release(second.page)
    #expect(pool.usage.pagesHeld == 0 && pool.usage.pagesPromised == 0 && pool.usage.pagesMade == 2)
  }

  /// Pages lie anywhere and are used again: what a sequence computes does not depend on which it has.
  @Test func pagesThatOthersLeftDoNotShow() throws {
    let (pool, model) = try pool()
    var random = SplitMix64(seed: 5)
    let tokens = (0..<300).map { _ in Int32.random(in: 0..<90, using: &random) }
    let runner = ModelRunner(of: model)
    func states(of tokens: ArraySlice<Int32>, in pool: KeyValuePool) throws -> [Float] {
      let sequence = try ModelSequence(of: model, in: pool, capacity: 300)
      var states: [Float] = []
      var left = tokens
      while !left.isEmpty {
        let part = left.prefix(70)
        try sequence.begin(part)
        var batch = RowBatch()
        batch.append(sequence, rows: 0..<part.count)
        runner.run(layers: 0..<2, on: batch)
        sequence.record(LayerRun(layers: 0..<2, rows: 0..<part.count))
        states += Array(sequence.hidden)
        sequence.commitFull()
        left = left.dropFirst(70)
      }
      return states
    }
    let expected = try states(of: tokens[...], in: KeyValuePool(pool.layout))
    let others = try (0..<3).map { _ in try ModelSequence(of: model, in: pool, capacity: 300) }
    for other in others { try other.begin(tokens.prefix(200)) }
    _ = try states(of: tokens.reversed()[...], in: pool)
    let found = try states(of: tokens[...], in: pool)
    let isSame = found == expected
    #expect(isSame)
    withExtendedLifetime(others) {}
  }

  /// Several sequences in one batch, at different positions, with different numbers of rows.
  @Test(arguments: WeightEncoding.allCases)
  func rowsOfSeveralSequencesAreThoseOfEachAlone(encoding: WeightEncoding) throws {
    let fixture = try ModelFixture.named("qwen2")
    let model = TinyModel(configuration: fixture.configuration, encoding: encoding).model(threads: 2)
    let pool = KeyValuePool(KeyValueLayout(of: model))
    let runner = ModelRunner(of: model)
    let depth = model.layerCount
    let expected = try InferenceSession(model: model, capacity: 24).run(fixture.tokens)
    let width = model.configuration.width
    let sequences = try (0..<9).map { _ in try ModelSequence(of: model, in: pool, capacity: 24) }
    var found = [[Float]](repeating: [], count: 9)
    var random = SplitMix64(seed: 9)
    while found.contains(where: { $0.count < expected.count }) {
      var batch = RowBatch()
      var running: [(index: Int, rows: Int)] = []
      for (index, sequence) in sequences.enumerated() {
        let left = 24 - sequence.position
        let count = min(left, Int.random(in: 0...4, using: &random))
        guard count > 0 else { continue }
        try sequence.begin(fixture.tokens[sequence.position..<sequence.position + count])
        batch.append(sequence, rows: 0..<count)
        running.append((index, count))
      }
      runner.run(layers: 0..<depth, on: batch)
      for (index, count) in running {
        sequences[index].record(LayerRun(layers: 0..<depth, rows: 0..<count))
        found[index] += Array(sequences[index].hidden)
        sequences[index].commitFull()
      }
    }
    let isSame = found.allSatisfy { $0 == expected }
    #expect(isSame && expected.count == 24 * width)
  }
}
