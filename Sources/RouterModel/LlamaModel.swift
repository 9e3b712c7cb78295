import RouterCheckpoint
import RouterTensor
import Synchronization

/// A LLaMA-family model with exits: configuration, weights and the way to multiply by them.
///
/// Immutable and shared; everything that changes while text is generated lives in a ``ModelSequence`` and a ``ModelRunner``.
package final class LlamaModel: Sendable {
  package let configuration: ModelConfiguration
  /// Depths at which the model may answer, ascending; those of the loaded prefix.
  package let exits: [Int]
  /// Layers that are loaded, L unless only a prefix was asked for.
  package let layerCount: Int
  package let weights: LlamaWeights
  package let matmul: Matmul
  /// Finds the most probable token without most of the head.
  package let headScreen: HeadScreen
  /// Element type of keys and values that was asked for; nil for the one that fits.
  package let cacheElement: CacheElement?
  /// The longest table that a session has asked for.
  private let rotary = Mutex<RotaryTable?>(nil)
  private let narrow = Mutex<NarrowMatrix?>(nil)

  /// - Parameters:
  ///   - headScreening: nil for what suits the head.
  ///   - cacheElement: nil for what fits the model's arithmetic.
  package init(
    configuration: ModelConfiguration, exits: [Int], weights: LlamaWeights, matmul: Matmul,
    headScreening: HeadScreening? = nil, cacheElement: CacheElement? = nil
  ) {
    self.configuration = configuration
    self.layerCount = weights.layers.count
    self.exits = exits.filter { $0 <= weights.layers.count }
    self.weights = weights
    self.matmul = matmul
    self.cacheElement = cacheElement
    headScreen = HeadScreen(
      head: weights.head, matmul: matmul,
      screening: headScreening ?? .automatic(for: weights.head, precision: matmul.precision))
  }

  /// Whether the head has a narrow form.
  package var hasNarrowHead: Bool { weights.narrowHead != nil }

  /// The narrow form of the head, made when it is first asked for; nil if the checkpoint has none.
  var narrowHead: NarrowMatrix? {
    narrow.withLock { known in
      if let known { return known }
      known = weights.narrowHead?.matrix(of: weights.head, matmul: matmul)
      return known
    }
  }

  /// Rotary tables for at least `positions` positions, made once for all sessions.
  func rotaryTable(positions: Int) -> RotaryTable {
    rotary.withLock { table in
      if let table, table.positions >= positions { return table }
      let longer = RotaryTable(configuration: configuration, positions: positions)
      table = longer
      return longer
    }
  }

  /// Builds the model from a checkpoint, or from the prefix of it that ends with layer `maximumExit`.
  ///
  /// - Parameters:
  ///   - headScreening: nil for what suits the head.
  ///   - cacheElement: nil for what fits the model's arithmetic.
  ///   - progress: receives the share of the work that is done, 0 ... 1.
  /// - Throws: `CheckpointError` for what is wrong with the file, ``ModelError`` `unknownExit` for an exit that
  ///   the checkpoint does not have.
  package static func load(
    from checkpoint: CheckpointReader, maximumExit: Int? = nil, matmul: Matmul,
    headScreening: HeadScreening? = nil, cacheElement: CacheElement? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> LlamaModel {
    let metadata = checkpoint.metadata
    if let maximumExit, !metadata.exits.contains(maximumExit) {
      throw ModelError(
        .unknownExit, "the model has no exit after layer \(maximumExit)", at: checkpoint.path,
        remedy: "Choose one of \(metadata.exits.map(String.init).joined(separator: ", ")).")
    }
    let layerCount = maximumExit ?? metadata.configuration.layerCount
    let collector = WeightCollector(for: checkpoint, layerCount: layerCount)
    try checkpoint.forEachSection(
      throughLayer: maximumExit, threadCount: matmul.team.threadCount, progress: progress,
      collector.add)
    let weights = try collector.weights(layerCount: layerCount)
    return LlamaModel(
      configuration: metadata.configuration, exits: metadata.exits, weights: weights, matmul: matmul,
      headScreening: headScreening, cacheElement: cacheElement)
  }
}
