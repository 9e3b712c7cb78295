import ArgumentParser
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterImport

/// Which model to load, and how.
package struct ModelOptions: ParsableArguments, Sendable {
  package init() {}

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Checkpoint (.safetensors.zst) to use; the pulled default model if absent.", valueName: "file"))
  package var model: String?

  @Option(help: ArgumentHelp("Threads that compute; one a core if absent.", valueName: "n"))
  package var threads: Int?

  @Flag(help: "Keep activations in f32 where weights are quantised: slower, for comparisons.")
  package var exactActivations = false

  @Option(name: .customLong("kv-type"), help: .keyValueType)
  package var keyValueType: KeyValueType?

  @Option(
    help: ArgumentHelp(
      """
      Whether the most probable token is found through a 4-bit screen of the head, which gives the same tokens \
      for less reading and takes memory: on, off, or auto, which suits the head (default: auto).
      """, valueName: "when"))
  package var headScreen: HeadScreenChoice?

  package func validate() throws {
    try Self.check(threads, from: "--threads")
  }

  private static func check(_ threads: Int?, from source: String) throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("\(source) is \(threads). Use 1 to 256.")
    }
  }

  /// These options, with what they leave open from the environment.
  ///
  /// - Throws: `ValidationError` if a variable holds something else.
  func resolved(by environment: ServerEnvironment) throws -> ModelOptions {
    var options = self
    options.model = try environment.value(model, "model")
    options.threads = try environment.value(threads, "threads")
    options.exactActivations = try environment.isOn(exactActivations, "exact-activations")
    options.keyValueType = try environment.value(keyValueType, "kv-type")
    options.headScreen = try environment.value(headScreen, "head-screen")
    try Self.check(options.threads, from: environment.source(threads, "threads"))
    return options
  }

  /// The checkpoint's path: the given one, or the default model's in the cache.
  ///
  /// - Throws: ``CommandError`` that says how to get the default model if it is absent.
  func path() throws -> String {
    if let model { return model }
    let path = DefaultModel.smolLM2.path(in: try ModelCache())
    guard FileProbe.isFile(path) else {
      throw CommandError(
        "the default model \(DefaultModel.smolLM2.name) is not here yet", at: path,
        remedy: "Run `router pull` to obtain it, or name another checkpoint with --model.")
    }
    return path
  }

  /// Loads the model with a progress bar.
  ///
  /// - Parameter maximumExit: load only the layers up to this exit.
  func load(maximumExit: Int? = nil) throws -> LanguageModel {
    try load(path: try path(), maximumExit: maximumExit)
  }

  /// Loads the checkpoint at `path` with a progress bar.
  func load(path: String, maximumExit: Int?) throws -> LanguageModel {
    let bar = ProgressBar("Loading")
    defer { bar.finish() }
    return try LanguageModel.load(
      path: path,
      options: LanguageModel.LoadOptions(
        maximumExit: maximumExit, threadCount: threads, exactActivations: exactActivations,
        screensHead: headScreen?.option, keyValueType: keyValueType),
      progress: { bar.update($0) })
  }
}

extension KeyValueType: ExpressibleByArgument {}

extension ArgumentHelp {
  /// The help of `--kv-type`.
  static let keyValueType = ArgumentHelp(
    """
    How keys and values are held: f16, q8 (about half of that memory) or f32; f16 beside 8-bit activations, else \
    f32, if absent.
    """, valueName: "type")
}
