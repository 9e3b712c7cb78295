import COpenBLAS
import RouterCheckpoint
import RouterTensor

/// Final norm, head and loss of exits on the rows that count, with all gradients.
///
/// At most ``blockRows`` rows of logits exist at a time. The vocabulary is cut into slices of fixed width, so
/// that threads share the products and results do not depend on their number.
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
  private static let sliceWidth = 4096

  private let vocabulary: Int
  private let width: Int
  private let epsilon: Float
  private let team: ThreadTeam
  /// f32 `[R, D]` each: gathered states, normed states, gradients.
  private let gathered, normed, dNormed: AlignedBuffer
  /// f32 `[R]`
  private let roots: AlignedBuffer
  /// f32 `[R, V]`
  private let logits: AlignedBuffer
  private lazy var teacherLogits = AlignedBuffer(floats: Self.blockRows * vocabulary)
  /// f32 `[slices, R, D]`
  private let partial: AlignedBuffer
  private let rooms: ScratchPool

  init(_ configuration: ModelConfiguration, team: ThreadTeam) {
    vocabulary = configuration.vocabularySize
    width = configuration.width
    epsilon = configuration.normEpsilon
    self.team = team
    gathered = AlignedBuffer(floats: Self.blockRows * width)
    normed = AlignedBuffer(floats: Self.blockRows * width)
    dNormed = AlignedBuffer(floats: Self.blockRows * width)
    roots = AlignedBuffer(floats: Self.blockRows)
    logits = AlignedBuffer(floats: Self.blockRows * vocabulary)
    let slices = (vocabulary + Self.sliceWidth - 1) / Self.sliceWidth
    partial = AlignedBuffer(floats: slices * Self.blockRows * width)
    rooms = ScratchPool(floatCount: vocabulary)
  }

  /// Sums of each exit's losses over the scored rows; with `withGradients`, adds or writes all gradients.
  func run(
    _ batch: PackedBatch, exits: [Exit], norm: Norm, teacher: Teacher?, withGradients: Bool
  ) -> [DistributionLoss.Outcome] {
    var sums = exits.map { _ in DistributionLoss.Outcome() }
    let total = batch.scoredRows.count
    let loss = DistributionLoss(
      count: vocabulary, certainCount: vocabulary, correction: 0, labelShare: 1 - (teacher?.share ?? 0))
    // Blocks of equal size: a short last one would waste a pass over the head.
    let blocks = (total + Self.blockRows - 1) / Self.blockRows
    for block in 0..<blocks {
      let rows = total * block / blocks..<total * (block + 1) / blocks
      let views = teacher.map { distributions(of: $0, rows: rows, loss) }
      for (index, exit) in exits.enumerated() {
        for (r, row) in rows.enumerated() {
          (gathered.floats + r * width).update(
            from: exit.hidden + batch.scoredRows[row] * width, count: width)
        }
        normalise(rows.count, norm.weight)
        multiply(rows.count, exit.head, into: logits)
        let outcome = score(rows, batch, views, loss, weight: exit.weight)
        sums[index].crossEntropy += outcome.crossEntropy
        sums[index].divergence += outcome.divergence
        if withGradients { backward(rows, exit, norm) }
      }
    }
    return sums
  }

  private func normalise(_ count: Int, _ weight: UnsafePointer<Float>) {
    for r in 0..<count {
      roots.floats[r] = NormMath.forward(
        gathered.floats + r * width, weight: weight, count: width, epsilon: epsilon,
        into: normed.floats + r * width)
    }
  }

  /// output `[R, V]` = normed `[R, D]` head `[V, D]`^T.
  private func multiply(_ count: Int, _ head: UnsafePointer<Float>, into output: AlignedBuffer) {
    forEachSlice { _, first, columns in
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(count), blasint(columns), blasint(width), 1,
        normed.floats, blasint(width), head + first * width, blasint(width), 0, output.floats + first,
        blasint(vocabulary))
    }
  }

  private func distributions(
    of teacher: Teacher, rows: Range<Int>, _ loss: DistributionLoss
  ) -> [DistributionLoss.Teacher] {
    gathered.floats.update(from: teacher.hidden + rows.lowerBound * width, count: rows.count * width)
    normalise(rows.count, teacher.head.norm.floats)
    multiply(rows.count, teacher.head.weight.floats, into: teacherLogits)
    let empty = DistributionLoss.Teacher(probabilities: UnsafePointer(teacherLogits.floats), negativeEntropy: 0)
    var views = [DistributionLoss.Teacher](repeating: empty, count: rows.count)
    views.withUnsafeMutableBufferPointer { views in
      team.run(chunks: rows.count) { r in
        rooms.withBlock { room in
          views[r] = loss.teacher(teacherLogits.floats + r * vocabulary, room: room)
        }
      }
    }
    return views
  }

  /// Replaces logits by their gradients.
  private func score(
    _ rows: Range<Int>, _ batch: PackedBatch, _ views: [DistributionLoss.Teacher]?, _ loss: DistributionLoss,
    weight: Float
  ) -> DistributionLoss.Outcome {
    var outcomes = [DistributionLoss.Outcome](repeating: .init(), count: rows.count)
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      team.run(chunks: rows.count) { r in
        rooms.withBlock { room in
          outcomes[r] = loss.student(
            logits.floats + r * vocabulary, teacher: views?[r],
            label: Int(batch.targets[rows.lowerBound + r]), scale: weight, room: room)
        }
      }
    }
    return outcomes.reduce(into: .init()) {
      $0.crossEntropy += $1.crossEntropy
      $0.divergence += $1.divergence
    }
  }

  private func backward(_ rows: Range<Int>, _ exit: Exit, _ norm: Norm) {
    let count = rows.count
    let slices = forEachSlice { slice, first, columns in
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(count), blasint(width), blasint(columns), 1,
        logits.floats + first, blasint(vocabulary), exit.head + first * width, blasint(width), 0,
        partial.floats + slice * count * width, blasint(width))
      guard let dHead = exit.dHead else { return }
      LinearMath.weightGradient(
        logits.floats + first, stride: vocabulary, rows: count, outputs: columns, normed.floats,
        inputs: width, into: dHead + first * width)
    }
    dNormed.floats.update(from: partial.floats, count: count * width)
    for slice in 1..<max(slices, 1) {
      Vectors.add(partial.floats + slice * count * width, to: dNormed.floats, count * width)
    }
    for r in 0..<count {
      let (x, dy) = (gathered.floats + r * width, dNormed.floats + r * width)
      if let dWeight = norm.dWeight {
        NormMath.weightGradient(dy, x: x, count: width, r: roots.floats[r], into: dWeight)
      }
      NormMath.inputGradient(
        dy, x: x, weight: norm.weight, count: width, r: roots.floats[r],
        into: exit.dHidden + (rows.lowerBound + r) * width)
    }
  }

  /// Runs `body(slice, first, columns)` for each slice of the vocabulary; returns their number.
  @discardableResult
  private func forEachSlice(_ body: (Int, Int, Int) -> Void) -> Int {
    let slices = (vocabulary + Self.sliceWidth - 1) / Self.sliceWidth
    team.run(chunks: slices) { slice in
      let first = slice * Self.sliceWidth
      body(slice, first, min(Self.sliceWidth, vocabulary - first))
    }
    return slices
  }
}
