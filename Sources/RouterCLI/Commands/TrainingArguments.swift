import ArgumentParser
import RouterCheckpoint
import RouterTensor
import RouterTraining

/// What is trained, and how.
struct TrainingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Train adapters on the frozen model: linear, gated or gated:WIDTH.", valueName: "kind"))
  var exitAdapter: ExitAdapterKind?

  @Option(
    help: ArgumentHelp(
      "Start the adapters from those of this adapter file: an earlier run's (kept best with --encoding f32), or "
        + "what `router adapter extract` wrote.", valueName: "file"))
  var initial: String?

  @Option(help: "Tune weights: sft, soft, ict or extracted.")
  var method: TuningMethod = .soft

  @Option(
    help: ArgumentHelp(
      "How exits' losses make one: mean (the paper's), weighted (deep exits count more), sampled (one exit a "
        + "step) or distill (stay near the original's full depth)."))
  var loss: TuningLoss = .mean

  @Option(
    help: ArgumentHelp(
      "With --loss distill: share of the original's distribution in the target, 0.5 if absent; the rest is the "
        + "text's token.", valueName: "x"))
  var distillationShare: Float?

  @Option(help: ArgumentHelp("Train factors of this rank instead of all weights.", valueName: "n"))
  var loraRank: Int?

  @Option(help: ArgumentHelp("Layers of the extracted model.", valueName: "layers"))
  var depth: Int?

  @Option(help: ArgumentHelp("Exits to train; all if absent.", valueName: "list"))
  var exits: IntegerList?

  @Option(help: ArgumentHelp("Optimiser steps.", valueName: "n"))
  var steps: Int?

  @Option(help: ArgumentHelp("Passes over the data, where --steps is absent.", valueName: "x"))
  var epochs = 1.0

  @Option(help: ArgumentHelp("Tokens of a batch.", valueName: "n"))
  var batchTokens: Int?

  @Option(help: ArgumentHelp("Batches a step.", valueName: "n"))
  var accumulation = 1

  @Option(
    help: ArgumentHelp("Highest learning rate; 0.001 for adapters, 0.00002 for weights.", valueName: "x"))
  var lr: Float?

  @Option(
    help: ArgumentHelp(
      "With --method: learning rate of exit adapters that are tuned along, as a multiple of --lr; 1 if absent.",
      valueName: "x"))
  var adapterRate: Float?

  @Option(help: ArgumentHelp("Steps in which the learning rate rises.", valueName: "n"))
  var warmup = usualWarmup

  @Option(help: ArgumentHelp("Decoupled weight decay.", valueName: "x"))
  var weightDecay: Float = 0

  @Option(help: ArgumentHelp("Seed of everything random.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Steps between evaluations on --eval-data.", valueName: "n"))
  var evaluateEvery = 100

  @Option(
    help: ArgumentHelp(
      "Stop after n evaluations without improvement and keep the best weights.", valueName: "n"))
  var earlyStop: Int?

  @Option(help: ArgumentHelp("Steps between two writings of the state.", valueName: "n"))
  var checkpointEvery = 100

  @Flag(help: "Compute layers twice instead of keeping what is between: less memory, a third more time.")
  var recompute = false

  @Flag(help: "Keep the optimiser's moments in bf16: half of their memory.")
  var bf16Moments = false

  @Option(
    help: ArgumentHelp("Share of full depth's most probable token in an adapter's target.", valueName: "x"))
  var argmaxShare: Float = 0

  @Option(
    help: ArgumentHelp(
      "Compare exits over n sampled tokens, not all: 0 for all, 1536 for adapters if absent.", valueName: "n")
  )
  var sampledVocabulary: Int?

  @Option(
    help: ArgumentHelp("Last steps over all tokens; a tenth of the steps if absent.", valueName: "n"))
  var fullVocabularySteps: Int?

  @Option(
    help:
      "How trained matrices are stored: f32, bf16, q8 or q4; absent, adapters in q8, weights as they were.")
  var encoding: WeightEncoding?

  @Option(
    help: ArgumentHelp(
      "Licence of the adapters; if absent, that of the model, or of adapters that are tuned along.",
      valueName: "text"))
  var license: String?

  func validate() throws {
    guard epochs > 0, epochs.isFinite else {
      throw ValidationError("--epochs is \(epochs). Use more than 0.")
    }
    if let sampledVocabulary, sampledVocabulary < 0 {
      throw ValidationError("--sampled-vocabulary is \(sampledVocabulary). Use at least 0.")
    }
    if method == .extracted, exitAdapter == nil, depth == nil {
      throw ValidationError("--method extracted needs --depth, the layers to keep.")
    }
    if adapterRate != nil, exitAdapter != nil {
      throw ValidationError("--adapter-rate is for --method; the rate of --exit-adapter is --lr.")
    }
    if distillationShare != nil, exitAdapter != nil || loss != .distill {
      throw ValidationError("--distillation-share is for --method with --loss distill.")
    }
    if initial != nil, exitAdapter == nil {
      throw ValidationError("--initial is for --exit-adapter, whose kind must be that of the file.")
    }
    if exitAdapter != nil, loraRank != nil || depth != nil || earlyStop != nil || exits != nil {
      throw ValidationError(
        "--exit-adapter leaves the model as it is: it takes no --lora-rank, --depth, --exits or --early-stop."
      )
    }
  }

  /// What is to be done.
  ///
  /// - Parameter initial: adapters to start from; nil for none.
  func plan(initial: AdapterFile?) -> TuningPlan {
    var plan = TuningPlan(exitAdapter.map { .adapters($0, initial: initial) } ?? .weights(method))
    plan.steps = steps
    plan.epochs = epochs
    plan.batchTokens = batchTokens
    plan.learningRate = lr
    plan.warmup = warmup
    plan.weightDecay = weightDecay
    plan.sampledVocabulary = sampledVocabulary
    plan.seed = seed
    plan.checkpointEvery = checkpointEvery
    plan.encoding = encoding
    plan.license = license
    plan.argmaxShare = argmaxShare
    plan.fullVocabularySteps = fullVocabularySteps
    plan.loss = loss
    plan.distillationShare = distillationShare
    plan.adapterRate = adapterRate
    plan.loraRank = loraRank
    plan.depth = depth
    plan.exits = exits?.values
    plan.accumulation = accumulation
    plan.evaluateEvery = evaluateEvery
    plan.earlyStop = earlyStop
    plan.recompute = recompute
    plan.bf16Moments = bf16Moments
    return plan
  }

  /// The options that change the result, as a command line; those that were left as they are only where that may change.
  var summary: String {
    var parts: [String] = []
    func add(_ name: String, _ value: (some CustomStringConvertible)?) {
      if let value { parts.append("--\(name) \(value)") }
    }
    if let exitAdapter {
      add("exit-adapter", exitAdapter)
    } else {
      add("method", method.rawValue)
      add("loss", loss.rawValue)
      add("distillation-share", distillationShare)
      add("lora-rank", loraRank)
      add("depth", depth)
      add("exits", exits?.values.map(String.init).joined(separator: ","))
    }
    if let steps { add("steps", steps) } else { add("epochs", epochs) }
    add("lr", lr)
    add("adapter-rate", adapterRate)
    add("warmup", warmup == Self.usualWarmup ? nil : warmup)
    add("batch-tokens", batchTokens)
    add("accumulation", accumulation == 1 ? nil : accumulation)
    add("weight-decay", weightDecay == 0 ? nil : weightDecay)
    add("argmax-share", argmaxShare == 0 ? nil : argmaxShare)
    add("sampled-vocabulary", sampledVocabulary)
    add("full-vocabulary-steps", fullVocabularySteps)
    add("early-stop", earlyStop)
    if bf16Moments { parts.append("--bf16-moments") }
    add("seed", seed)
    return parts.joined(separator: " ")
  }

  private static let usualWarmup = 20
}

extension WeightEncoding: ExpressibleByArgument {}

/// `linear`, `gated` or `gated:WIDTH`.
extension ExitAdapterKind: ExpressibleByArgument {
  /// Inner width of `gated` without a width.
  private static let defaultInner = 256

  /// Parses an option's value; nil if it is none.
  package init?(argument: String) {
    self.init(argument == "gated" ? "gated:\(Self.defaultInner)" : argument)
  }
}
extension TuningMethod: ExpressibleByArgument {}
extension TuningLoss: ExpressibleByArgument {}
