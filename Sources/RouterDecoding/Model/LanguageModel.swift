import Dispatch
import Foundation
import RouterCheckpoint
public import RouterExit
import RouterModel
import RouterTensor
import RouterTokenizer
import Synchronization

/// A model with its tokenizer: what a checkpoint holds, ready to generate text.
public final class LanguageModel: Sendable {
  /// How a checkpoint is loaded.
  public struct LoadOptions: Sendable {
    /// Load only the layers up to this exit.
    public var maximumExit: Int?
    /// Threads that compute; nil for one a core.
    public var threadCount: Int?
    /// Keep activations in f32 instead of 8 bits where weights are quantised: slower, for comparisons.
    public var exactActivations: Bool
    /// Find the most probable token through a screen of the head, which takes half of its bytes again and gives
    /// the same tokens; nil for what suits the head.
    public var screensHead: Bool?
    /// How keys and values are held; nil for what suits the weights: f16 beside 8-bit activations, else f32.
    public var keyValueType: KeyValueType?

    public init(
      maximumExit: Int? = nil, threadCount: Int? = nil, exactActivations: Bool = false,
      screensHead: Bool? = nil, keyValueType: KeyValueType? = nil
    ) {
      self.maximumExit = maximumExit
      self.threadCount = threadCount
      self.exactActivations = exactActivations
      self.screensHead = screensHead
      self.keyValueType = keyValueType
    }
  }

  package let model: LlamaModel
  package let tokenizer: Tokenizer
  package let metadata: CheckpointMetadata
  /// Identity of the weights: what a policy is calibrated for.
  public let fingerprint: String

  /// What the model says most after short runs of tokens, if the checkpoint brings it: drafts.
  package let draftTable: DraftTable?
  /// What drafts in mode verify have come to so far.
  package let acceptanceStatistics = AcceptanceStatistics()
  /// The same of drafts in mode exit.
  package let exitAcceptanceStatistics = AcceptanceStatistics()
  /// What sweeps have cost so far.
  package let sweepCosts: SweepCosts
  /// How soon the ways to decode are done, as seen so far.
  package let waySpeeds = WaySpeeds()
  /// What reading the head costs of reading all layers, by their bytes.
  let headShare: Double

  /// Name of the model.
  public var name: String { metadata.name }
  /// Depths at which the model may answer, ascending.
  public var exits: [Int] { model.exits }
  /// Layers that are loaded.
  public var layerCount: Int { model.layerCount }
  /// Positions that the model was trained for.
  public var contextLength: Int { model.configuration.contextLength }
  /// Tokens in the vocabulary.
  public var vocabularySize: Int { model.configuration.vocabularySize }
  /// Whether the model knows how a conversation is written.
  public var hasChatTemplate: Bool { tokenizer.definition.chatTemplate != nil }

  /// Whether the model has a narrow head, which looks at all tokens for a fraction of the head's price.
  public var hasNarrowHead: Bool { model.hasNarrowHead }

  /// How keys and values are held.
  public var keyValueType: KeyValueType { KeyValueType(model.fittingCacheElement) }

  /// What the screen of the head has done so far.
  package var headScreenCounters: HeadScreenCounters { model.headScreen.counters }

  /// - Parameter draftTable: nil for the one that the weights bring, if any.
  package init(
    model: LlamaModel, tokenizer: Tokenizer, metadata: CheckpointMetadata, fingerprint: String,
    draftTable: DraftTable? = nil, sweepCosts: SweepCosts = SweepCosts()
  ) {
    self.sweepCosts = sweepCosts
    self.draftTable = draftTable ?? DraftTable(slots: model.weights.draftSlots)
    self.model = model
    self.tokenizer = tokenizer
    self.metadata = metadata
    self.fingerprint = fingerprint
    let layers = model.weights.layers.reduce(0) { $0 + $1.byteCount }
    headShare = Double(model.weights.head.byteCount) / Double(max(1, layers))
  }

  /// Loads a checkpoint.
  ///
  /// - Parameter progress: receives the share of the work that is done, 0 ... 1, on any thread.
  /// - Throws: `CheckpointError`, `ModelError` or ``GenerationError`` `invalidTokenizer`.
  public static func load(
    path: String, options: LoadOptions = LoadOptions(), progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> LanguageModel {
    let checkpoint = try CheckpointReader(path: path)
    let matmul = Matmul(
      team: ThreadTeam(threadCount: options.threadCount), precision: options.exactActivations ? .f32 : .int8)
    let screening = options.screensHead.map {
      $0 ? HeadScreening.after(inputs: HeadScreening.usualInputs) : .off
    }
    // The tokenizer's tables are built beside the weights.
    let tokenizer = Mutex<Result<Tokenizer, any Error>>(.failure(CancellationError()))
    let building = DispatchGroup()
    DispatchQueue.global().async(group: building) {
      let result = Result { try self.tokenizer(of: checkpoint) }
      tokenizer.withLock { $0 = result }
    }
    let model = try LlamaModel.load(
      from: checkpoint, maximumExit: options.maximumExit, matmul: matmul,
      headScreening: screening, cacheElement: options.keyValueType.map(CacheElement.init), progress: progress)
    building.wait()
    return LanguageModel(
      model: model, tokenizer: try tokenizer.withLock { try $0.get() }, metadata: checkpoint.metadata,
      fingerprint: checkpoint.fingerprint)
  }

  /// The tokenizer that a checkpoint carries.
  package static func tokenizer(of checkpoint: CheckpointReader) throws -> Tokenizer {
    let definition: TokenizerDefinition
    do {
      definition = try TokenizerDefinition(json: checkpoint.metadata.tokenizer)
    } catch {
      throw GenerationError(
        .invalidTokenizer, "the tokenizer in \(checkpoint.path) cannot be read: \(error.what)",
        remedy: "Import the model again with this version of router.")
    }
    return try Tokenizer(definition)
  }

  /// The ids of plain text, with a beginning-of-text token if the model wants one. Special tokens in the text
  /// are text.
  public func encode(_ text: String) -> [Int32] {
    tokenizer.encode(text, addBOS: tokenizer.definition.addBOS)
  }

  /// The text of token ids, special tokens left out.
  public func decode(_ tokens: [Int32]) -> String { tokenizer.decode(tokens) }

  /// Texts at which an answer in a conversation ends although they are no tokens of the vocabulary.
  public var chatStopStrings: [String] { tokenizer.stopStrings }

  /// The ids of a conversation, ready for the model's answer.
  ///
  /// - Throws: `TokenizerError` if the model has no chat template or the messages do not fit it.
  public func encodeChat(_ messages: [ChatMessage]) throws -> [Int32] {
    guard let kind = tokenizer.definition.chatTemplate else {
      throw GenerationError(
        .invalidRequest, "the model \(name) has no chat template", parameter: "messages",
        remedy: "Use plain completions with this model.")
    }
    return tokenizer.encode(try ChatTemplate(kind).render(messages, addGenerationPrompt: true))
  }
}
