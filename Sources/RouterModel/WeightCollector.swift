import RouterCheckpoint
import RouterTensor
import Synchronization

/// Gathers the weights of a model from the sections of its checkpoint, which arrive on several threads.
final class WeightCollector: Sendable {
  private let table: TensorTable
  private let adapter: AdapterRecord?
  private let path: String
  private let arena: MemoryArena
  private let parts = Mutex(Parts())

  private struct Parts {
    var shared: Result<WeightBuilder.Shared, any Error>?
    /// By 0-based index.
    var layers: [Int: Result<Layer, any Error>] = [:]
  }

  private struct Layer {
    let weights: LlamaWeights.Layer
    let adapter: ExitAdapter?
    let head: WeightMatrix?
  }

  /// - Parameter layerCount: layers that will be added.
  init(for checkpoint: CheckpointReader, layerCount: Int) {
    table = TensorTable(checkpoint.metadata.configuration)
    adapter = checkpoint.metadata.adapter
    path = checkpoint.path
    arena = MemoryArena(
      byteCounts: checkpoint.tensors.lazy.filter { ($0.layer ?? 0) <= layerCount }.compactMap(
        WeightBuilder.packedByteCount))
  }

  /// Packs the tensors of one section.
  func add(_ section: FrameSection, _ tensors: LoadedTensors) {
    switch section {
    case .header: break
    case .shared:
      let shared = Result { try builder(tensors).shared() }
      parts.withLock { $0.shared = shared }
    case .layer(let number):
      let layer = Result { try self.layer(number, tensors) }
      parts.withLock { $0.layers[number - 1] = layer }
    }
  }

  /// The weights of the first `layerCount` layers, all of which have been added.
  ///
  /// - Throws: `CheckpointError` for a missing or mis-shaped tensor, ``ModelError`` `unsupportedWeights`.
  func weights(layerCount: Int) throws -> LlamaWeights {
    let parts = parts.withLock { $0 }
    let nothing = LoadedTensors(path: path, tensors: [])
    // A section that never came has no tensor: the builder names the first that is missing.
    let shared = try parts.shared?.get() ?? builder(nothing).shared()
    let layers = try (0..<layerCount).map { index in
      try parts.layers[index]?.get() ?? layer(index + 1, nothing)
    }
    var adapters: [Int: ExitAdapter] = [:]
    var heads: [Int: WeightMatrix] = [:]
    for (index, layer) in layers.enumerated() {
      adapters[index + 1] = layer.adapter
      heads[index + 1] = layer.head
    }
    return LlamaWeights(
      embedding: shared.embedding, finalNorm: shared.finalNorm, head: shared.head,
      layers: layers.map(\.weights), adapters: adapters, exitHeads: heads,
      draftSlots: shared.draftSlots, narrowHead: shared.narrowHead)
  }

  private func layer(_ number: Int, _ tensors: LoadedTensors) throws -> Layer {
    let builder = builder(tensors)
    return Layer(
      weights: try builder.layer(number - 1), adapter: try builder.adapter(adapter, exit: number),
      head: try builder.exitHead(number))
  }

  private func builder(_ tensors: LoadedTensors) -> WeightBuilder {
    WeightBuilder(table: table, tensors: tensors, arena: arena)
  }
}
