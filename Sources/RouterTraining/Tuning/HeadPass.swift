import COpenBLAS
import RouterCheckpoint
import RouterTensor

/// Adapter, final norm, head and loss of exits on the rows that count, with all gradients.
///
/// At most ``blockRows`` rows of logits exist at a time. The vocabulary is cut into slices of fixed width, so
/// that threads share the products and results do not depend on their number. With a ``VocabularySample`` the
/// head is cut to the sample's rows first.
final class HeadPass {
  /// One exit of a step.
  struct Exit {
    /// f32 `[T, D]`: the residual stream after the exit's layer.
    let hidden: UnsafePointer<Float>
    /// f32 `[n, D]`: receives the gradient of the scored rows of `hidden`.
    let dHidden: UnsafeMutablePointer<Float>
    /// f32 `[V, D]`
    let head: UnsafePointer<Float>
    /// f32 `[V, D]`: what the head's gradient is added to; nil if the head is frozen.
    let dHead: UnsafeMutablePointer<Float>?
    /// Between the residual stream and the norm; nil if the exit has none.
    let adapter: AdapterPass.Adapter?
    /// Factor of the exit's loss, summed over rows.
    let weight: Float
  }

  /// The frozen original's states, for distillation.
  struct Teacher {
    /// f32 `[n, D]`: the scored rows at full depth, before the final norm.
    let hidden: UnsafePointer<Float>
    let head: SharedHead
    /// Share of the teacher's distribution in the target, 0 ... 1.
    let share: Float
  }

  /// The shared norm.
  struct Norm {
    /// f32 `[D]`
    let weight: UnsafePointer<Float>
    /// f32 `[D]`: what its gradient is added to; nil if it is frozen.
    let dWeight: UnsafeMutablePointer<Float>?
  }

  /// Rows of logits that exist at a time.
  static let blockRows = 256
  private static let sliceWidth = 2048

  private let vocabularySize: Int
  private let width: Int
  private let epsilon: Float
  private let team: ThreadTeam
  private let adapters: AdapterPass?
  /// f32 `[R, D]` each: gathered states, adapted where exits have adapters, normed states, gradients.
  private let gathered, normed, dNormed: AlignedBuffer
  /// f32 `[R]`
  private let roots: AlignedBuffer
  /// f32 `[R, V]`
  private let logits: AlignedBuffer
  private lazy var teacherLogits = AlignedBuffer(floats: Self.blockRows * vocabularySize)
  /// f32 `[slices, R, D]`
  private let partial: AlignedBuffer
  private let rooms: ScratchPool
  /// f32 `[S, D]` each: the sampled rows of a head, of its gradient, and of the teacher's head.
  private lazy var cutHead = AlignedBuffer(floats: vocabularySize * width)
  private lazy var cutGradient = AlignedBuffer(floats: vocabularySize * width)
  private lazy var cutTeacher = AlignedBuffer(floats: vocabularySize * width)

  /// - Parameter adapterKind: of the exits' adapters; nil if none has one.
  init(_ configuration: ModelConfiguration, adapterKind: ExitAdapterKind? = nil, team: ThreadTeam) {
    adapters = adapterKind.map {
      AdapterPass(kind: $0, width: configuration.width, capacity: Self.blockRows)
    }
    vocabularySize = configuration.vocabularySize
    width = configuration.width
    epsilon = configuration.normEpsilon
    self.team = team
    gathered = AlignedBuffer(floats: Self.blockRows * width)
    normed = AlignedBuffer(floats: Self.blockRows * width)
    dNormed = AlignedBuffer(floats: Self.blockRows * width)
    roots = AlignedBuffer(floats: Self.blockRows)
    logits = AlignedBuffer(floats: Self.blockRows * vocabularySize)
    let slices = (vocabularySize + Self.sliceWidth - 1) / Self.sliceWidth
    partial = AlignedBuffer(floats: slices * Self.blockRows * width)
    rooms = ScratchPool(floatCount: vocabularySize)
  }

  /// What a call works with.
  private struct Scope {
    let batch: PackedBatch
    let norm: Norm
    let sample: VocabularySample
    let loss: DistributionLoss
    /// For each scored row, the place of its target in the sample.
    let labels: [Int]
    /// S.
    var vocabulary: Int { sample.tokens.count }
  }

  /// Sums of each exit's losses over the scored rows; with `withGradients`, adds or writes all gradients.
  ///
  /// - Parameter sample: the tokens to compare, with all targets among them.
  func run(
    _ batch: PackedBatch, exits: [Exit], norm: Norm, teacher: Teacher?, over sample: VocabularySample,
    withGradients: Bool
  ) -> [DistributionLoss.Outcome] {
    var sums = exits.map { _ in DistributionLoss.Outcome() }
    guard !exits.isEmpty else { return sums }
    let places = sample.places(vocabularySize: vocabularySize)
    let scope = Scope(
      batch: batch, norm: norm, sample: sample,
      loss: DistributionLoss(
        count: sample.tokens.count, certainCount: sample.certainCount, correction: sample.correction,
        labelShare: 1 - (teacher?.share ?? 0)),
      labels: batch.targets.map { Int(places[Int($0)]) })
    let teacherHead = teacher.map { cut($0.head.weight.floats, scope, into: \.cutTeacher) }
    let total = batch.scoredRows.count
    // Blocks of equal size: a short last one would waste a pass over the head.
    let blocks = (total + Self.blockRows - 1) / Self.blockRows
    for block in 0..<blocks {
      let rows = total * block / blocks..<total * (block + 1) / blocks
      var views: [DistributionLoss.Teacher]?
      if let teacher, let teacherHead { views = distributions(of: teacher, teacherHead, rows: rows, scope) }
      for (index, exit) in exits.enumerated() {
        let head = cut(exit.head, scope, into: \.cutHead)
        gather(rows, exit, scope)
        normalise(rows.count, norm.weight)
        multiply(rows.count, head, scope, into: logits)
        let outcome = score(rows, views, scope, weight: exit.weight)
        sums[index].crossEntropy += outcome.crossEntropy
        sums[index].divergence += outcome.divergence
        guard withGradients else { continue }
        let dHead = exit.dHead.map { cutZero($0, scope) }
        backward(rows, exit, head, dHead, scope)
        if let whole = exit.dHead { restore(whole, scope) }
      }
    }
    return sums
  }

  /// The sampled rows of `head`: itself if the sample is the vocabulary.
  private func cut(
    _ head: UnsafePointer<Float>, _ scope: Scope, into buffer: KeyPath<HeadPass, AlignedBuffer>
  ) -> UnsafePointer<Float> {
    if scope.sample.isWhole { return head }
    let target = self[keyPath: buffer].floats
    for (place, token) in scope.sample.tokens.enumerated() {
      (target + place * width).update(from: head + Int(token) * width, count: width)
    }
    return UnsafePointer(target)
  }

  /// Where a head's gradient is added to: itself, or a block of zeros for the sampled rows.
  private func cutZero(
    _ dHead: UnsafeMutablePointer<Float>, _ scope: Scope
  ) -> UnsafeMutablePointer<Float> {
    if scope.sample.isWhole { return dHead }
    cutGradient.floats.update(repeating: 0, count: scope.vocabulary * width)
    return cutGradient.floats
  }

  /// Adds the sampled rows' gradients to the head's.
  private func restore(_ dHead: UnsafeMutablePointer<Float>, _ scope: Scope) {
    if scope.sample.isWhole { return }
    for (place, token) in scope.sample.tokens.enumerated() {
      Vectors.add(cutGradient.floats + place * width, to: dHead + Int(token) * width, width)
    }
  }

  /// The rows' states as the exit's norm reads them.
  private func gather(_ rows: Range<Int>, _ exit: Exit, _ scope: Scope) {
    for (r, row) in rows.enumerated() {
      (gathered.floats + r * width).update(
        from: exit.hidden + scope.batch.scoredRows[row] * width, count: width)
    }
    if let adapter = exit.adapter { adapters?.forward(gathered.floats, rows: rows.count, adapter) }
  }

  private func normalise(_ count: Int, _ weight: UnsafePointer<Float>) {
    for r in 0..<count {
      roots.floats[r] = NormMath.forward(
        gathered.floats + r * width, weight: weight, count: width, epsilon: epsilon,
        into: normed.floats + r * width)
    }
  }

  /// output `[R, S]` = normed `[R, D]` head `[S, D]`^T.
  private func multiply(
    _ count: Int, _ head: UnsafePointer<Float>, _ scope: Scope, into output: AlignedBuffer
  ) {
    forEachSlice(scope) { _, first, columns in
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(columns), blasint(width), 1,
        normed.floats, blasint(width), head + first * width, blasint(width), 0, output.floats + first,
        blasint(scope.vocabulary))
    }
  }

  private func distributions(
    of teacher: Teacher, _ head: UnsafePointer<Float>, rows: Range<Int>, _ scope: Scope
  ) -> [DistributionLoss.Teacher] {
    gathered.floats.update(from: teacher.hidden + rows.lowerBound * width, count: rows.count * width)
    normalise(rows.count, teacher.head.norm.floats)
    multiply(rows.count, head, scope, into: teacherLogits)
    let empty = DistributionLoss.Teacher(
      probabilities: UnsafePointer(teacherLogits.floats), negativeEntropy: 0)
    var views = [DistributionLoss.Teacher](repeating: empty, count: rows.count)
    views.withUnsafeMutableBufferPointer { views in
      team.run(chunks: rows.count) { r in
        rooms.withBlock { room in
          views[r] = scope.loss.teacher(teacherLogits.floats + r * scope.vocabulary, room: room)
        }
      }
    }
    return views
  }

  /// Replaces logits by their gradients.
  private func score(
    _ rows: Range<Int>, _ views: [DistributionLoss.Teacher]?, _ scope: Scope, weight: Float
  ) -> DistributionLoss.Outcome {
    var outcomes = [DistributionLoss.Outcome](repeating: .init(), count: rows.count)
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      team.run(chunks: rows.count) { r in
        rooms.withBlock { room in
          outcomes[r] = scope.loss.student(
            logits.floats + r * scope.vocabulary, teacher: views?[r],
            label: scope.labels[rows.lowerBound + r], scale: weight, room: room)
        }
      }
    }
    return outcomes.reduce(into: .init()) {
      $0.crossEntropy += $1.crossEntropy
      $0.divergence += $1.divergence
    }
  }

  private func backward(
    _ rows: Range<Int>, _ exit: Exit, _ head: UnsafePointer<Float>, _ dHead: UnsafeMutablePointer<Float>?,
    _ scope: Scope
  ) {
    let count = rows.count
    let slices = forEachSlice(scope) { slice, first, columns in
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(count), blasint(width), blasint(columns), 1,
        logits.floats + first, blasint(scope.vocabulary), head + first * width, blasint(width), 0,
        partial.floats + slice * count * width, blasint(width))
      guard let dHead else { return }
      LinearMath.weightGradient(
        logits.floats + first, stride: scope.vocabulary, rows: count, outputs: columns, normed.floats,
        inputs: width, into: dHead + first * width)
    }
    dNormed.floats.update(from: partial.floats, count: count * width)
    for slice in 1..<max(slices, 1) {
      Vectors.add(partial.floats + slice * count * width, to: dNormed.floats, count * width)
    }
    for r in 0..<count {
      let (x, dy) = (gathered.floats + r * width, dNormed.floats + r * width)
      if let dWeight = scope.norm.dWeight {
        NormMath.weightGradient(dy, x: x, count: width, r: roots.floats[r], into: dWeight)
      }
      NormMath.inputGradient(
        dy, x: x, weight: scope.norm.weight, count: width, r: roots.floats[r],
        into: exit.dHidden + (rows.lowerBound + r) * width)
    }
    if let adapter = exit.adapter {
      adapters?.backward(exit.dHidden + rows.lowerBound * width, rows: count, adapter)
    }
  }

  /// Runs `body(slice, first, columns)` for each slice of the sample; returns their number.
  @discardableResult
  private func forEachSlice(_ scope: Scope, _ body: (Int, Int, Int) -> Void) -> Int {
    let slices = (scope.vocabulary + Self.sliceWidth - 1) / Self.sliceWidth
    team.run(chunks: slices) { slice in
      let first = slice * Self.sliceWidth
      body(slice, first, min(Self.sliceWidth, scope.vocabulary - first))
    }
    return slices
  }
}
