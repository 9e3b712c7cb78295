import RouterCheckpoint
import RouterTensor

/// All layers on a packed batch, forward and backward.
package final class TrunkPass {
  /// What the forward pass keeps for the backward pass.
  package enum Memory: Sendable, Equatable {
    /// Every layer's intermediate results: the fastest.
    case everything
    /// Every layer's input; the rest is computed again, a third more work for a fraction of the memory.
    case inputs
  }

  private let layout: ParameterLayout
  private let layerPass: LayerPass
  private let kept: [LayerActivations]
  private let memory: Memory
  /// f32 `[depth + 1, T, D]`: the residual stream before the first layer and after each.
  private let streams: [AlignedBuffer]
  /// f32 `[T, D]`
  private let dStream: AlignedBuffer
  /// f32 `[T, D]`: the output of a layer that is computed again.
  private let discarded: AlignedBuffer
  private let width: Int

  init(_ layout: ParameterLayout, capacity: Int, memory: Memory, team: ThreadTeam) {
    self.layout = layout
    self.memory = memory
    width = layout.configuration.width
    layerPass = LayerPass(layout.configuration, capacity: capacity, team: team)
    let width = width
    kept = (0..<(memory == .everything ? layout.layers.count : 1)).map { _ in
      LayerActivations(layout.configuration, capacity: capacity)
    }
    streams = (0...layout.layers.count).map { _ in AlignedBuffer(floats: capacity * width) }
    dStream = AlignedBuffer(floats: capacity * width)
    discarded = AlignedBuffer(floats: capacity * width)
  }

  /// f32 `[T, D]`: the residual stream after `depth` layers of the last forward pass.
  func hidden(after depth: Int) -> UnsafePointer<Float> { UnsafePointer(streams[depth].floats) }

  /// Embeds the batch and runs layers 1 ... `depth`.
  func forward(_ batch: PackedBatch, weights: UnsafePointer<Float>, depth: Int) {
    for (row, token) in batch.tokens.enumerated() {
      (streams[0].floats + row * width).update(
        from: weights + layout.embedding + Int(token) * width, count: width)
    }
    for index in 0..<depth {
      layerPass.forward(
        batch, input: streams[index].floats, kept[memory == .everything ? index : 0], weights: weights,
        layer: layout.layers[index], into: streams[index + 1].floats)
    }
  }

  /// A gradient that joins the residual stream after some layer.
  struct Injection {
    let depth: Int
    /// f32 `[n, D]`: for the batch's scored rows.
    let gradient: UnsafePointer<Float>
  }

  /// Propagates the injected gradients down to the embedding.
  ///
  /// - Parameters:
  ///   - injections: at depths that the last forward pass reached.
  ///   - target: the place for the gradients of the layer with the given 0-based index.
  ///   - dEmbedding: f32 `[V, D]`, what the embedding's gradient is added to; nil if it is frozen.
  func backward(
    _ batch: PackedBatch, weights: UnsafePointer<Float>, injections: [Injection],
    target: (Int) -> LayerGradients, dEmbedding: UnsafeMutablePointer<Float>?
  ) {
    let rows = batch.rowCount
    dStream.floats.update(repeating: 0, count: rows * width)
    let deepest = injections.map(\.depth).max() ?? 0
    for index in (0..<deepest).reversed() {
      for injection in injections where injection.depth == index + 1 {
        for (n, row) in batch.scoredRows.enumerated() {
          Vectors.add(injection.gradient + n * width, to: dStream.floats + row * width, width)
        }
      }
      let layer = layout.layers[index]
      let activations = kept[memory == .everything ? index : 0]
      if memory == .inputs {
        layerPass.forward(
          batch, input: streams[index].floats, activations, weights: weights, layer: layer,
          into: discarded.floats)
      }
      layerPass.backward(
        batch, input: streams[index].floats, activations, weights: weights, layer: layer,
        dStream: dStream.floats, target: target(index))
    }
    if let dEmbedding {
      for (row, token) in batch.tokens.enumerated() {
        Vectors.add(dStream.floats + row * width, to: dEmbedding + Int(token) * width, width)
      }
    }
  }
}
