import RouterCheckpoint
import RouterTensor

/// Loss and gradients of all exits' adapters on one batch.
///
/// Three forks: adapters forward, an exit a chunk; head and loss, a block of rows a chunk; adapters backward.
final class AdapterObjective {
  /// Floats of logits that a chunk holds at most: 32 MB.
  private static let logitLimit = 1 << 23

  private let head: SharedHead
  private let math: AdapterMath
  private let team: ThreadTeam
  private let exitCount: Int
  private let capacity: Int
  private let parameterCount: Int
  /// f32 `[E, M, D]`: z', then its gradient.
  private let states: AlignedBuffer
  /// f32 `[E, M, scratchWidth]`
  private let scratch: AlignedBuffer
  /// f32 `[S, D]`
  private var rows = AlignedBuffer(floats: 0)
  private var pool = ScratchPool(floatCount: 0)
  private var poolShape = (rows: 0, tokens: 0)
  private let innerWidth: Int

  init(head: SharedHead, kind: ExitAdapterKind, exitCount: Int, capacity: Int, team: ThreadTeam) {
    self.head = head
    self.team = team
    self.exitCount = exitCount
    self.capacity = capacity
    math = AdapterMath(kind: kind, width: head.width)
    parameterCount = kind.parameterCount(width: head.width)
    innerWidth = kind.scratchWidth / 3
    states = AlignedBuffer(floats: exitCount * capacity * head.width)
    scratch = AlignedBuffer(floats: exitCount * capacity * kind.scratchWidth)
  }

  /// Adds the gradients of the mean loss over the batch; returns KL(teacher || exit) for each exit, in nats.
  ///
  /// - Parameters:
  ///   - parameters: f32 `[E, P]`.
  ///   - gradients: f32 `[E, P]`.
  func addGradients(
    of batch: StateBatch, over sample: VocabularySample, argmaxShare: Float,
    parameters: UnsafePointer<Float>, into gradients: UnsafeMutablePointer<Float>
  ) -> [Float] {
    let count = batch.rows
    team.run(chunks: exitCount) { exit in
      math.forward(
        batch.states(exit), rows: count, parameters: parameters + exit * parameterCount,
        scratch: scratch(exit), into: state(exit))
    }
    let losses = headLosses(batch, sample, argmaxShare)
    team.run(chunks: exitCount) { exit in
      pool.withBlock { room in
        math.backward(
          state(exit), z: batch.states(exit), rows: count, parameters: parameters + exit * parameterCount,
          scratch: scratch(exit), room: room, gradients: gradients + exit * parameterCount)
      }
    }
    return losses
  }

  private func state(_ exit: Int) -> UnsafeMutablePointer<Float> {
    states.floats + exit * capacity * head.width
  }

  private func scratch(_ exit: Int) -> UnsafeMutablePointer<Float> {
    scratch.floats + exit * capacity * 3 * innerWidth
  }

  /// Rows of the batch that one chunk takes: enough for a fast product, few enough for the limit.
  private func blockRows(_ tokens: Int) -> Int {
    max(1, min(64, Self.logitLimit / ((exitCount + 1) * tokens)))
  }

  /// What the head's chunks share.
  private struct Scope {
    let batch: StateBatch
    let loss: DistributionLoss
    /// f32 `[S, D]`: the sampled rows of the head.
    let weights: UnsafePointer<Float>
    /// The place of each row's argmax of the teacher in the sample.
    let labels: [Int]
    /// S.
    var tokens: Int { loss.count }
  }

  /// Replaces every z' by its gradient; returns the losses.
  private func headLosses(
    _ batch: StateBatch, _ sample: VocabularySample, _ argmaxShare: Float
  ) -> [Float] {
    let (count, block) = (batch.rows, blockRows(sample.tokens.count))
    gather(sample)
    let places = sample.places(vocabularySize: head.vocabularySize)
    let scope = Scope(
      batch: batch,
      loss: DistributionLoss(
        count: sample.tokens.count, certainCount: sample.certainCount, correction: sample.correction,
        labelShare: argmaxShare),
      weights: sample.isWhole ? head.weight.floats : rows.floats,
      labels: (0..<count).map { Int(places[Int(batch.argmax($0))]) })
    let blocks = (count + block - 1) / block
    var sums = [Float](repeating: 0, count: blocks * exitCount)
    sums.withUnsafeMutableBufferPointer { sums in
      team.run(chunks: blocks) { chunk in
        pool.withBlock { memory in
          let rows = chunk * block..<min((chunk + 1) * block, count)
          for (exit, sum) in losses(of: rows, scope, memory).enumerated() {
            sums[chunk * exitCount + exit] = sum
          }
        }
      }
    }
    return (0..<exitCount).map { exit in
      (0..<blocks).reduce(0) { $0 + sums[$1 * exitCount + exit] } / Float(count)
    }
  }

  /// Summed losses of each exit over `rows`, whose z' become gradients; all exits and the teacher share one
  /// product with the head.
  ///
  /// - Parameter memory: f32, in this order: normed states `[E + 1, R, D]`, their roots `[E + 1, R]`, logits
  ///   `[E + 1, R, S]`, one row `[S]`; the teacher comes last.
  private func losses(of rows: Range<Int>, _ scope: Scope, _ memory: UnsafeMutablePointer<Float>) -> [Float] {
    let (first, size, width, tokens) = (rows.lowerBound, rows.count, head.width, scope.tokens)
    let stacked = (exitCount + 1) * size
    let normed = memory
    let roots = normed + stacked * width
    let logits = roots + stacked
    let room = logits + stacked * tokens
    for exit in 0...exitCount {
      let z = exit == exitCount ? scope.batch.states(exit) : state(exit)
      head.normalise(
        z + first * width, scales: scope.batch.scales(exit) + first, rows: size,
        into: normed + exit * size * width, roots: roots + exit * size)
    }
    LinearMath(rows: stacked, inputs: width, outputs: tokens).forward(normed, scope.weights, into: logits)
    var sums = [Float](repeating: 0, count: exitCount)
    for j in 0..<size {
      let teacher = scope.loss.teacher(logits + (exitCount * size + j) * tokens, room: room)
      for exit in 0..<exitCount {
        let outcome = scope.loss.student(
          logits + (exit * size + j) * tokens, teacher: teacher, label: scope.labels[first + j],
          scale: 1 / Float(scope.batch.rows), room: room)
        sums[exit] += outcome.divergence
      }
    }
    LinearMath(rows: exitCount * size, inputs: width, outputs: tokens).inputGradient(
      logits, scope.weights, into: normed)
    for exit in 0..<exitCount {
      for j in 0..<size {
        let z = state(exit) + (first + j) * width
        NormMath.inputGradient(
          normed + (exit * size + j) * width, x: z, weight: head.norm.floats, count: width,
          r: roots[exit * size + j], into: z)
      }
    }
    return sums
  }

  /// Collects the head's rows for the sample, and makes room for the chunks.
  private func gather(_ sample: VocabularySample) {
    let tokens = sample.tokens.count
    let block = blockRows(tokens)
    if poolShape.rows != block || poolShape.tokens < tokens {
      // Somewhat more than needed: samples differ a little in size.
      let roomy = sample.isWhole ? tokens : tokens + tokens / 8
      let stacked = (exitCount + 1) * block
      pool = ScratchPool(
        floatCount: max(stacked * (head.width + 1 + roomy) + roomy, capacity * innerWidth))
      poolShape = (block, roomy)
    }
    guard !sample.isWhole else { return }
    let width = head.width
    if rows.floatCount < tokens * width { rows = AlignedBuffer(floats: (tokens + tokens / 8) * width) }
    let (target, parts) = (rows.floats, (tokens + 255) / 256)
    team.run(chunks: parts) { part in
      for place in part * 256..<min(tokens, (part + 1) * 256) {
        (target + place * width).update(
          from: head.weight.floats + Int(sample.tokens[place]) * width, count: width)
      }
    }
  }
}
