import RouterCheckpoint
import RouterModel
import RouterTensor

/// What a run trains, as one block of numbers, and the weights that come of it.
///
/// The block holds all weights, low-rank factors or heads, and after them the adapters of the tuned exits.
struct TrainedValues {
  /// f32: the model's weights in the layout's order, those that the next pass works with.
  let weights: AlignedBuffer
  /// f32: what the optimiser moves; the same block as ``weights`` where all weights are trained.
  let values: AlignedBuffer
  /// Parts of ``values``, ascending, that weight decay leaves alone.
  let undecayed: [Range<Int>]
  /// Where the adapters lie in ``values``; nil if no tuned exit has one.
  let adapters: AdapterLayout?
  /// XXH64 of the weights and adapters that the run begins with.
  let digest: UInt64

  /// What stands before the adapters in the block.
  private enum Part {
    case weights
    /// With the weights that they are added to.
    case factors(LowRankFactors, base: AlignedBuffer)
    case heads
  }

  private let layout: ParameterLayout
  private let exits: [Int]
  private let part: Part

  /// - Parameter exits: those to train, ascending.
  init(_ model: LlamaModel, layout: ParameterLayout, exits: [Int], settings: TuningSettings) {
    self.layout = layout
    self.exits = exits
    let width = layout.configuration.width
    // An extracted model speaks from its last layer, which is full depth and has no adapter.
    let available = settings.method == .extracted ? [:] : model.weights.adapters
    let factors = settings.loraRank.map {
      LowRankFactors(layout, rank: $0, alpha: settings.loraAlpha, team: model.matmul.team)
    }
    let headSize = layout.table[.head].elementCount
    let trainsHeads = settings.method == .ict
    let trainsWeights = !trainsHeads && factors == nil
    let start = trainsHeads ? exits.count * headSize : factors?.count ?? layout.count
    let adapters = AdapterLayout(available, exits: exits, width: width, start: start)
    let count = start + (adapters?.count ?? 0)
    weights = AlignedBuffer(floats: trainsWeights ? count : layout.count)
    ModelWeights.copy(model, layout: layout, into: weights)
    values = trainsWeights ? weights : AlignedBuffer(floats: count)
    if trainsHeads {
      for index in exits.indices {
        (values.floats + index * headSize).update(from: weights.floats + layout.head, count: headSize)
      }
      part = .heads
    } else if let factors {
      let base = AlignedBuffer(floats: layout.count)
      base.floats.update(from: weights.floats, count: layout.count)
      factors.initialise(values, seed: settings.seed)
      part = .factors(factors, base: base)
    } else {
      part = .weights
    }
    self.adapters = adapters
    let vectors = trainsWeights ? layout.parameters.filter { !$0.entry.isMatrix } : []
    undecayed = vectors.map(\.range) + (adapters?.vectors ?? [])
    if let adapters {
      let given = adapters.exits.flatMap { model.weights.adapters[$0]?.values ?? [] }
      (values.floats + adapters.start).update(from: given, count: given.count)
    }
    digest = Self.digest(weights, layout, adapters, in: values)
  }

  private static func digest(
    _ weights: AlignedBuffer, _ layout: ParameterLayout, _ adapters: AdapterLayout?, in values: AlignedBuffer
  ) -> UInt64 {
    let ofWeights = XXH64.hash(UnsafeRawBufferPointer(start: weights.floats, count: 4 * layout.count))
    guard let adapters else { return ofWeights }
    let ofAdapters = XXH64.hash(
      UnsafeRawBufferPointer(start: values.floats + adapters.start, count: 4 * adapters.count))
    return [ofWeights, ofAdapters].withUnsafeBytes { XXH64.hash($0) }
  }

  /// What gradients are taken of, and where they go: a block of the shape of ``values``.
  func trained(gradients: AlignedBuffer) -> TuningObjective.Trained {
    switch part {
    case .weights: .weights(gradients: gradients)
    case .factors(let factors, _): .factors(factors, values: values, gradients: gradients)
    case .heads: .heads(values: values, gradients: gradients)
    }
  }

  /// Brings the weights up to date with the values.
  func merge() {
    if case .factors(let factors, let base) = part { factors.merge(values, base: base, into: weights) }
  }

  /// The trained tensors, low-rank factors merged.
  ///
  /// An exit's own head is called `exits.N.head.weight`, a part of its adapter `exits.N.adapter.PART`.
  var tensors: [Tuner.Tensor] {
    merge()
    let trained =
      switch part {
      case .weights: layout.parameters.map(tensor)
      case .factors: layout.layers.flatMap(\.matrices).map(tensor)
      case .heads: exits.enumerated().map(head)
      }
    let adapted = adapters?.adapters(in: values.floats).tensors ?? []
    return trained + adapted.map { Tuner.Tensor(name: $0.name, shape: $0.shape, values: $0.values) }
  }

  private func tensor(_ parameter: ParameterLayout.Parameter) -> Tuner.Tensor {
    Tuner.Tensor(
      name: parameter.entry.name, shape: parameter.entry.shape,
      values: Array(
        UnsafeBufferPointer(start: weights.floats + parameter.offset, count: parameter.count)))
  }

  private func head(_ index: Int, _ exit: Int) -> Tuner.Tensor {
    let shared = layout.table[.head]
    let start = values.floats + index * shared.elementCount
    return Tuner.Tensor(
      name: TensorName.exitHead(exit), shape: shared.shape,
      values: Array(UnsafeBufferPointer(start: start, count: shared.elementCount)))
  }
}
