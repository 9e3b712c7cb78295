import ArgumentParser
import RouterDecoding

/// How tokens are chosen, as command-line options.
struct SamplingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("New tokens at most.", valueName: "n"))
  var maxTokens = 256

  @Option(help: ArgumentHelp("0 is greedy; higher is more varied.", valueName: "x"))
  var temperature: Float = 0

  @Option(help: ArgumentHelp("Keep the n most probable tokens.", valueName: "n"))
  var topK: Int?

  @Option(help: ArgumentHelp("Keep the most probable tokens up to this probability in sum.", valueName: "p"))
  var topP: Float?

  @Option(help: ArgumentHelp("Keep tokens at least this many times as probable as the best.", valueName: "p"))
  var minP: Float?

  @Option(help: ArgumentHelp("Penalise tokens already in the sequence; 1 is none.", valueName: "x"))
  var repetitionPenalty: Float = 1

  @Option(help: ArgumentHelp("Seed of the random numbers.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Text that ends the answer; may be repeated.", valueName: "text"))
  var stop: [String] = []

  @Flag(help: "Go on after an end-of-text token.")
  var ignoreEos = false

  func validate() throws {
    if maxTokens < 1 { throw ValidationError("--max-tokens is \(maxTokens). Use at least 1.") }
    do {
      _ = try options()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func options() throws(GenerationError) -> SamplingOptions {
    try SamplingOptions(
      temperature: temperature, topK: topK, topP: topP, minP: minP, repetitionPenalty: repetitionPenalty,
      seed: seed)
  }
}
