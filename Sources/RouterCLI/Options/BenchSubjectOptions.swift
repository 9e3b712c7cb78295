import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterModel
import RouterTensor

/// What `router bench` measures: a checkpoint, or a shape with random weights.
struct BenchSubjectOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Checkpoint (.safetensors.zst) to measure; the pulled default model if absent.", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Measure a shape with random weights: \(ModelShape.names).", valueName: "name"))
  var shape: ModelShape?

  @Option(help: ArgumentHelp("Only the first n layers of a shape.", valueName: "n"))
  var layers: Int?

  @Option(
    help: ArgumentHelp(
      "Weights of a shape: q4 (its head q8), q8, or both, separated by commas.", valueName: "list"))
  var quantize = EncodingList([.q4])

  @Option(help: ArgumentHelp("Numbers of threads; one a core if absent.", valueName: "list"))
  var threads: IntegerList?

  @Option(name: .customLong("kv-type"), help: .keyValueType)
  var keyValueType: KeyValueType?

  func validate() throws {
    if let threads, threads.values.isEmpty || threads.values.contains(where: { !(1...256).contains($0) }) {
      throw ValidationError("--threads wants numbers from 1 to 256, such as 1,2.")
    }
    if model != nil && shape != nil { throw ValidationError("Give --model or --shape, not both.") }
    if layers != nil && shape == nil { throw ValidationError("--layers is for --shape.") }
    if let layers, let shape, !(1...shape.layerCount).contains(layers) {
      throw ValidationError("--layers is \(layers). \(shape.rawValue) has \(shape.layerCount).")
    }
  }

  /// Numbers of threads, in the order given.
  var threadCounts: [Int] { threads?.values ?? [ProcessInfo.processInfo.activeProcessorCount] }

  /// What prompts and contexts are made of.
  private static let text = """
    The first bridge over the river was made of wood. It stood for ninety years, until a flood in spring carried \
    it away together with two mills and a barn. The town then asked an engineer from the coast to build another \
    one of stone. He came with his daughter, who kept the accounts, and stayed for six summers. When the last \
    arch was closed, people walked across it at night with lamps, and the mayor said that nobody would ever have \
    to swim again. The daughter wrote down what it had cost: eleven thousand and forty crowns, four horses, and \
    one very good hat.


    """

  /// The checkpoint's path.
  func path() throws -> String { try modelOptions().path() }

  func modelOptions() throws -> ModelOptions {
    var options = try ModelOptions.parse([])
    options.model = model
    options.threads = threadCounts.max()
    options.keyValueType = keyValueType
    return options
  }

  /// Loads the checkpoint or makes the weights, once for each quantisation.
  func load() throws -> [BenchmarkSubject] {
    guard let shape else {
      let language = try modelOptions().load()
      return [
        BenchmarkSubject(
          name: language.name, weights: language.metadata.quantization, fingerprint: language.fingerprint,
          text: language.encode(Self.text), model: language.model)
      ]
    }
    let configuration = try shape.configuration(layers: layers)
    let matmul = Matmul(team: ThreadTeam(threadCount: threadCounts.max()))
    return quantize.values.map {
      BenchmarkSubject(
        name: shape.rawValue, weights: $0.rawValue, fingerprint: nil,
        model: SyntheticModel.make(
          configuration, encoding: $0, matmul: matmul, cacheElement: keyValueType.map(CacheElement.init)))
    }
  }
}

extension ModelShape: ExpressibleByArgument {
  /// All names, for help texts.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
