import RouterCheckpoint
import RouterModel
import RouterTensor

/// Loss of a model's exits on packed batches, and all gradients.
package final class TuningObjective {
  /// What the gradients are taken of.
  package enum Trained {
    /// All weights, gradients in a block of the weights' layout; adapters follow them.
    case weights(gradients: AlignedBuffer)
    /// Low-rank factors.
    case factors(LowRankFactors, values: AlignedBuffer, gradients: AlignedBuffer)
    /// A head for each exit, f32 `[E, V, D]`.
    case heads(values: AlignedBuffer, gradients: AlignedBuffer)
  }

  /// One exit's part in a step.
  package struct Part {
    let exit: Int
    /// Its place among the trained exits.
    let index: Int
    /// Factor of its summed loss.
    package let weight: Float

    package init(exit: Int, index: Int, weight: Float) {
      self.exit = exit
      self.index = index
      self.weight = weight
    }
  }

  private let layout: ParameterLayout
  private let weights: AlignedBuffer
  private let trained: Trained
  private let adapters: AdapterLayout?
  private let trunk: TrunkPass
  private let headPass: HeadPass
  private let teacher: (states: TeacherStates, head: SharedHead, share: Float, hidden: AlignedBuffer)?
  /// f32 `[E, n, D]`
  private let dHidden: AlignedBuffer
  private let capacity: Int
  private let width: Int
  private let team: ThreadTeam
  /// f32 `[T, r]`, for low-rank factors.
  private let factorRoom: AlignedBuffer
  private let whole: VocabularySample

  /// - Parameters:
  ///   - weights: f32, the weights in the layout's order.
  ///   - adapters: where the adapters of exits lie among what is trained, and among its gradients; nil for exits as
  ///     they are.
  ///   - capacity: rows of the largest batch.
  ///   - original: the frozen original, if the loss distils, and its share.
  package init(
    layout: ParameterLayout, weights: AlignedBuffer, trained: Trained, adapters: AdapterLayout? = nil,
    exitCount: Int, capacity: Int, memory: TrunkPass.Memory, original: (model: LlamaModel, share: Float)?,
    team: ThreadTeam
  ) {
    self.layout = layout
    self.weights = weights
    self.trained = trained
    self.adapters = adapters
    self.capacity = capacity
    width = layout.configuration.width
    whole = VocabularySample(whole: layout.configuration.vocabularySize)
    trunk = TrunkPass(layout, capacity: capacity, memory: memory, team: team)
    headPass = HeadPass(layout.configuration, adapterKind: adapters?.kind, team: team)
    dHidden = AlignedBuffer(floats: exitCount * capacity * width)
    let width = width
    teacher = original.map {
      (
        TeacherStates(model: $0.model), SharedHead($0.model), $0.share,
        AlignedBuffer(floats: capacity * width)
      )
    }
    self.team = team
    if case .factors(let factors, _, _) = trained {
      factorRoom = AlignedBuffer(floats: capacity * factors.rank)
    } else {
      factorRoom = AlignedBuffer(floats: 0)
    }
  }

  /// Sums of the losses of `parts` over the batch's scored rows; with `withGradients`, adds all gradients.
  ///
  /// - Parameter sample: the tokens over which exits but the deepest are compared; nil for all tokens.
  /// - Throws: `ModelError` if a document exceeds the original's context.
  package func run(
    _ batch: PackedBatch, parts: [Part], sample: VocabularySample? = nil, withGradients: Bool
  ) throws -> [DistributionLoss.Outcome] {
    trunk.forward(batch, weights: weights.floats, depth: parts.map(\.exit).max() ?? 0)
    let view = try teacher.map { teacher in
      try teacher.states.compute(batch, into: teacher.hidden.floats)
      return HeadPass.Teacher(hidden: teacher.hidden.floats, head: teacher.head, share: teacher.share)
    }
    let exits = parts.map(exit)
    var outcomes: [DistributionLoss.Outcome] = []
    let groups = sample.map { [(exits.dropLast(), $0), (exits.suffix(1), whole)] } ?? [(exits[...], whole)]
    for (group, tokens) in groups {
      outcomes += headPass.run(
        batch, exits: Array(group), norm: norm, teacher: view, over: tokens, withGradients: withGradients)
    }
    if withGradients { backward(batch, parts) }
    return outcomes
  }

  private func exit(_ part: Part) -> HeadPass.Exit {
    let size = layout.table[.head].elementCount
    let (head, dHead): (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>?) =
      switch trained {
      case .weights(let gradients): (weights.floats + layout.head, gradients.floats + layout.head)
      case .factors: (weights.floats + layout.head, nil)
      case .heads(let values, let gradients):
        (values.floats + part.index * size, gradients.floats + part.index * size)
      }
    return HeadPass.Exit(
      hidden: trunk.hidden(after: part.exit), dHidden: dHidden.floats + part.index * capacity * width,
      head: head, dHead: dHead, adapter: adapter(of: part.exit), weight: part.weight)
  }

  private func adapter(of exit: Int) -> AdapterPass.Adapter? {
    let (values, gradients) =
      switch trained {
      case .weights(let gradients): (weights, gradients)
      case .factors(_, let values, let gradients), .heads(let values, let gradients): (values, gradients)
      }
    return adapters?.offset(of: exit).map {
      AdapterPass.Adapter(parameters: values.floats + $0, gradients: gradients.floats + $0)
    }
  }

  private var norm: HeadPass.Norm {
    let weight = UnsafePointer(weights.floats + layout.finalNorm)
    if case .weights(let gradients) = trained {
      return HeadPass.Norm(weight: weight, dWeight: gradients.floats + layout.finalNorm)
    }
    return HeadPass.Norm(weight: weight, dWeight: nil)
  }

  private func backward(_ batch: PackedBatch, _ parts: [Part]) {
    let injections = parts.map {
      TrunkPass.Injection(depth: $0.exit, gradient: dHidden.floats + $0.index * capacity * width)
    }
    switch trained {
    case .heads: return
    case .weights(let gradients):
      trunk.backward(
        batch, weights: weights.floats, injections: injections,
        target: { LayerGradients(weights: gradients.floats, layer: layout.layers[$0], team: team) },
        dEmbedding: gradients.floats + layout.embedding)
    case .factors(let factors, let values, let gradients):
      let made = FactorGradients(
        factors: factors, values: values.floats, gradients: gradients.floats, room: factorRoom.floats)
      trunk.backward(
        batch, weights: weights.floats, injections: injections,
        target: { LayerGradients(factors: made, layer: layout.layers[$0], team: team) }, dEmbedding: nil)
    }
  }
}
