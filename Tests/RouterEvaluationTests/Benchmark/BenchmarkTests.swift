import Foundation
import RouterCheckpoint
import RouterEvaluation
import RouterModel
import RouterTensor
import Testing

struct BenchmarkTests {
  private static func subject(_ encoding: WeightEncoding = .q4) throws -> BenchmarkSubject {
    let configuration = try ModelConfiguration(
      architecture: .llama, layerCount: 3, width: 32, headCount: 2, keyValueHeadCount: 1, headWidth: 16,
      feedForwardWidth: 64, vocabularySize: 64, contextLength: 64, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10_000), tiedHead: false, attentionBias: false)
    return BenchmarkSubject(
      name: "tiny", weights: encoding.rawValue, fingerprint: nil,
      model: SyntheticModel.make(
        configuration, encoding: encoding, matmul: Matmul(team: ThreadTeam(threadCount: 1))))
  }

  private static func limits(_ threads: [Int]) -> MachineLimits {
    MachineLimits(
      processor: .current, kernels: "scalar", bufferByteCount: 1 << 30,
      rates: threads.map {
        MachineLimits.Rates(threads: $0, read: Sample([2]), int8: Sample([4]), f32: Sample([8]))
      })
  }

  @Test func rowsAreAllCombinationsAndEachIsRepeated() throws {
    let settings = try BenchmarkSettings(
      prefills: [5], contexts: [0, 7], tokens: 2, threads: [1, 2], depths: [2, 3], repetitions: 3)
    let benchmark = try Benchmark(
      subjects: [Self.subject(.q4), Self.subject(.q8)], settings: settings)
    try benchmark.run()
    let results = benchmark.results(limits: Self.limits([1, 2]))
    // 3 phases, 2 models, 2 depths, 2 numbers of threads.
    #expect(results.count == 24)
    #expect(results.allSatisfy { $0.seconds.values.count == 3 && $0.seconds.minimum > 0 })
    #expect(
      Set(results.map { "\($0.phase.name) \($0.weights) \($0.depth) \($0.threads)" }).count == 24)
    #expect(results.first?.phase.name == "pp5" && results.last?.phase.name == "tg2@7")
    // Parts of a phase are within it.
    #expect(
      results.allSatisfy { row in
        zip(row.seconds.values, zip(row.layerSeconds.values, row.headSeconds.values)).allSatisfy {
          $0 >= $1.0 + $1.1 && $1.0 > 0 && $1.1 > 0
        }
      })
  }

  /// A replay stands beside each row of decoded tokens: of three layers, a third, all and two thirds of them.
  @Test func aReplayRunsTheRecordedShareOfTheLayers() throws {
    let settings = try BenchmarkSettings(
      prefills: [], contexts: [0, 5], tokens: 3, threads: [1], replayed: [0.34, 1, 0.6, 1], repetitions: 2)
    let benchmark = try Benchmark(subjects: [Self.subject()], settings: settings)
    try benchmark.run()
    let results = benchmark.results(limits: Self.limits([1]))
    #expect(results.map(\.phase.name) == ["tg3@0", "replay3@0", "tg3@5", "replay3@5"])
    #expect(results.map(\.meanDepth) == [3, 2, 3, 2])
    #expect(results.allSatisfy { $0.seconds.values.count == 2 && $0.seconds.minimum > 0 })
    #expect(results[1].work.bytes < results[0].work.bytes && results[3].work.bytes > results[1].work.bytes)
  }

  @Test func anotherEngineIsComparedWithRowsOfTheSameName() throws {
    let settings = try BenchmarkSettings(
      prefills: [4], contexts: [0], tokens: 2, threads: [1], depths: [2, 3], repetitions: 2)
    let peer = try PeerProcess(
      command: #"""
        while read name; do case $name in
          pp4) echo '{"name": "pp4", "engine": "sh", "tokens_per_second": 2}' ;;
          *) echo "{\"name\": \"$name\", \"skipped\": \"too slow\"}" ;;
        esac; done
        """#)
    let benchmark = try Benchmark(subjects: [Self.subject()], settings: settings, peers: [peer])
    try benchmark.run()
    let results = benchmark.results(limits: Self.limits([1]))
    let peers = benchmark.peerResults(results)
    #expect(peers.map(\.name) == ["pp4", "tg2@0"])
    #expect(peers[0].engine == "sh" && peers[0].tokensPerSecond.values == [2, 2])
    // Full depth alone is compared: one number of threads, one model.
    let full = try #require(results.first { $0.phase.name == "pp4" && $0.depth == 3 })
    #expect(peers[0].ratios.map(\.ratio) == [full.tokensPerSecond.map { $0 / 2 }])
    #expect(peers[1].skipped == "too slow" && peers[1].ratios.isEmpty)
  }

  @Test(
    arguments: [
      ([0], [0], 1, [1], nil, 1), ([1], [-1], 1, [1], nil, 1), ([1], [0], 0, [1], nil, 1),
      ([1], [0], 1, [0], nil, 1), ([1], [0], 1, [1], [0], 1), ([1], [0], 1, [1], nil, 0),
      ([], [], 1, [1], nil, 1), ([1], [0], 1, [], nil, 1), ([1], [0], 1, [1], [], 1),
    ] as [([Int], [Int], Int, [Int], [Int]?, Int)])
  func impossibleSettingsAreRefused(
    _ prefills: [Int], _ contexts: [Int], _ tokens: Int, _ threads: [Int], _ depths: [Int]?,
    _ repetitions: Int
  ) {
    let error = #expect(throws: EvaluationError.self) {
      try BenchmarkSettings(
        prefills: prefills, contexts: contexts, tokens: tokens, threads: threads, depths: depths,
        repetitions: repetitions)
    }
    #expect(error?.code == .invalidSetting)
  }

  @Test func rowsThatTheModelCannotRunAreRefused() throws {
    let subject = try Self.subject()
    for settings in [
      try BenchmarkSettings(prefills: [65], contexts: [], threads: [1]),
      try BenchmarkSettings(prefills: [], contexts: [60], tokens: 5, threads: [1]),
      try BenchmarkSettings(prefills: [1], contexts: [], threads: [1], depths: [4]),
    ] {
      let error = #expect(throws: EvaluationError.self) {
        try Benchmark(subjects: [subject], settings: settings)
      }
      #expect(error?.code == .invalidSetting)
    }
  }

  @Test func aScreenedHeadIsARowOfItsOwn() throws {
    let settings = try BenchmarkSettings(
      prefills: [2], contexts: [0], tokens: 4, threads: [1], heads: [.full, .screened], repetitions: 1)
    let benchmark = try Benchmark(subjects: [Self.subject()], settings: settings)
    try benchmark.run()
    let results = benchmark.results(limits: Self.limits([1]))
    #expect(
      results.map { "\($0.phase.name) \($0.head.rawValue)" } == ["pp2 full", "tg4@0 full", "tg4@0 screened"])
    #expect(results[0].screen == nil && results[1].screen == nil)
    let screen = try #require(results[2].screen)
    // A head of 64 rows: at least the best block of 16 is computed exactly, at most all.
    #expect((16...64).contains(screen.rescoredRows) && screen.fallbackRate == 0)
  }

  /// Counted by hand: q4 tiles of 16 x 32 take 320 bytes, q8 tiles 544.
  @Test func workIsCountedOncePerBatch() throws {
    let model = try Self.subject().model
    // Tiles: query, output 2 each; key, value 1 each; gate, up 4 each; down 2 row blocks x 2 groups.
    let layer = Double(2 + 1 + 1 + 2 + 4 + 4 + 4) * 320
    let head = Double(4 * 544)
    let weights = Double(32 * 32 * 2 + 16 * 32 * 2 + 3 * 32 * 64)
    let decode = PhaseWork(.decode(tokens: 2, context: 10), depth: 2, model: model)
    // Keys and values of 16 f16 each, 11 and 12 positions, in each of two layers.
    #expect(decode.bytes == 2 * (2 * layer + head) + 2 * 23 * 2 * 16 * 2)
    #expect(decode.int8Operations == 2 * 2 * (2 * weights + 64 * 32))
    // Two heads, a product with the key and one with the value of 16 each: 128 operations a position.
    #expect(decode.f32Operations == 2 * 23 * 128)
    let prefill = PhaseWork(.prefill(tokens: 4), depth: 2, model: model)
    #expect(prefill.bytes == 2 * layer + head + 2 * 4 * 2 * 16 * 2)
    #expect(prefill.int8Operations == 2 * (4 * 2 * weights + 64 * 32))
    #expect(prefill.f32Operations == 2 * (1 + 2 + 3 + 4) * 128)
    let screened = PhaseWork(.decode(tokens: 2, context: 10), depth: 2, model: model, headByteCount: 100)
    #expect(screened.bytes == decode.bytes - 2 * (head - 100))
  }

  @Test func aRowIsEncodedWithItsLimit() throws {
    let result = BenchmarkResult(
      phase: .decode(tokens: 2, context: 1), weights: "q4", depth: 3, head: .full,
      model: try Self.subject().model,
      timings: [PhaseTiming(layers: 1, head: 0.5, total: 2), PhaseTiming(layers: 2, head: 0.5, total: 4)],
      rates: MachineLimits.Rates(threads: 1, read: Sample([1e6]), int8: Sample([1e3]), f32: Sample([1e30])))
    let object = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(result)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "name", "weights", "threads", "depth", "mean_depth", "head", "tokens", "context", "seconds",
        "layer_seconds",
        "head_seconds", "tokens_per_second", "bytes_per_token", "operations_per_token", "limit",
        "share_of_limit",
      ])
    #expect(object["name"] as? String == "tg2@1")
    let seconds = try #require(object["seconds"] as? [String: Any])
    #expect(seconds["median"] as? Double == 3 && seconds["minimum"] as? Double == 2)
    #expect(seconds["maximum"] as? Double == 4 && seconds["values"] as? [Double] == [2, 4])
    let limit = try #require(object["limit"] as? [String: Any])
    #expect(limit["cause"] as? String == "arithmetic")
    // 2 tokens of 2 x (3 layers of 9,216 weights and a head of 2,048), a thousand a second, in 3 seconds.
    #expect(limit["seconds"] as? Double == 118.784)
    #expect(object["share_of_limit"] as? Double == 118.784 / 3)
  }
}
