import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterModel
import RouterTensor

/// How long a process takes from its start to the first token of an answer, and what it occupies then.
package struct LoadTimes: Sendable, Codable {
  /// A part of the way.
  package struct Stage: Sendable, Codable {
    package let name: String
    package let seconds: Double
  }

  /// In order; their sum is the time to the first token.
  package let stages: [Stage]
  /// Parts of loading, run again one after the other once the token was there.
  package let parts: [Stage]
  /// Bytes of all matrices.
  package let weightByteCount: Int
  /// Bytes resident with the first token; nil where the system does not tell.
  package let residentByteCount: Int?
  /// The most bytes that were resident until then.
  package let peakResidentByteCount: Int?

  private enum CodingKeys: String, CodingKey {
    case stages, parts
    case weightByteCount = "weight_bytes"
    case residentByteCount = "resident_bytes"
    case peakResidentByteCount = "peak_resident_bytes"
  }

  /// Seconds from the start to the first token.
  package var total: Double { stages.reduce(0) { $0 + $1.seconds } }

  /// Seconds on a clock that all processes of the machine share.
  package static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Loads a checkpoint as every command does, and answers one token with one token.
  ///
  /// - Parameter started: when this process was started, in the sense of `now`.
  package init(path: String, options: LanguageModel.LoadOptions, started: Double) throws {
    var stages = [Stage(name: "start", seconds: Self.now - started)]
    var watch = Stopwatch()
    let language = try LanguageModel.load(path: path, options: options)
    stages.append(Stage(name: "load", seconds: watch.lap()))
    let generation = try Generation(
      GenerationRequest(prompt: [0], maximumTokens: 1), on: language)
    stages.append(Stage(name: "session", seconds: watch.lap()))
    while !generation.isFinished { _ = try generation.advance() }
    stages.append(Stage(name: "first token", seconds: watch.lap()))
    self.stages = stages
    residentByteCount = SystemMemory.resident
    peakResidentByteCount = SystemMemory.peakResident
    weightByteCount = language.model.weights.byteCount
    parts = try Self.parts(path: path, matmul: language.model.matmul)
  }

  private static func parts(path: String, matmul: Matmul) throws -> [Stage] {
    var watch = Stopwatch()
    let checkpoint = try CheckpointReader(path: path)
    let open = watch.lap()
    _ = try LanguageModel.tokenizer(of: checkpoint)
    let tokenizer = watch.lap()
    _ = try LlamaModel.load(from: checkpoint, matmul: matmul)
    let weights = watch.lap()
    return [
      Stage(name: "open", seconds: open), Stage(name: "tokenizer", seconds: tokenizer),
      Stage(name: "decompress and pack", seconds: weights),
    ]
  }
}
