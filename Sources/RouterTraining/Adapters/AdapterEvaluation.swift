import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor

/// Judges adapters on a cache of held-out states, teacher-forced, over the full vocabulary.
package struct AdapterEvaluation {
  private static let blockRows = 16
  private static let risks = ["0.01", "0.02", "0.05", "0.1"]

  private let head: SharedHead
  private let team: ThreadTeam

  package init(model: LlamaModel) {
    head = SharedHead(model)
    team = model.matmul.team
  }

  /// What one exit says at one position.
  private struct Answer {
    var argmax: Int32 = 0
    var confidence: Float = 0
    var crossEntropy: Float = 0
    var divergence: Float = 0
  }

  /// Evaluates all rows of `cache`, or `limit` of them spread evenly.
  ///
  /// - Parameter adapters: nil for exits as they are.
  /// - Throws: ``TrainingError`` if the cache cannot be read.
  package func run(
    on cache: StateCache, adapters: ExitAdapters?, limit: Int? = nil
  ) throws(TrainingError) -> AdapterReport {
    let count = min(limit ?? cache.rowCount, cache.rowCount)
    let exitCount = cache.layout.exits.count
    var answers = [Answer](repeating: Answer(), count: count * exitCount)
    let batch = StateBatch(layout: cache.layout, capacity: Self.blockRows * team.threadCount)
    let pool = ScratchPool(floatCount: scratchCount(exitCount, adapters))
    for start in stride(from: 0, to: count, by: batch.capacity) {
      let rows = (start..<min(start + batch.capacity, count)).map { Int32($0 * cache.rowCount / count) }
      try batch.load(rows, from: cache, vocabularySize: head.vocabularySize)
      answers.withUnsafeMutableBufferPointer { answers in
        team.run(chunks: (rows.count + Self.blockRows - 1) / Self.blockRows) { chunk in
          let first = chunk * Self.blockRows
          let size = min(Self.blockRows, rows.count - first)
          pool.withBlock { memory in
            judge(batch, rows: first..<first + size, adapters, memory) { exit, row, answer in
              answers[exit * count + start + row] = answer
            }
          }
        }
      }
    }
    return Self.report(answers, exits: cache.layout.exits, count: count)
  }

  private func scratchCount(_ exitCount: Int, _ adapters: ExitAdapters?) -> Int {
    let each = 2 * head.width + 1 + head.vocabularySize + (adapters?.kind.scratchWidth ?? 0)
    return Self.blockRows * (each + head.vocabularySize) + head.vocabularySize
  }

  private func judge(
    _ batch: StateBatch, rows: Range<Int>, _ adapters: ExitAdapters?, _ memory: UnsafeMutablePointer<Float>,
    _ emit: (_ exit: Int, _ row: Int, Answer) -> Void
  ) {
    let (size, width, vocabulary) = (rows.count, head.width, head.vocabularySize)
    let exitCount = batch.layout.exits.count
    let teacher = memory
    let logits = teacher + size * vocabulary
    let room = logits + size * vocabulary
    let state = room + vocabulary
    let normed = state + size * width
    let roots = normed + size * width
    let scratch = roots + size
    let loss = DistributionLoss(
      count: vocabulary, certainCount: vocabulary, correction: 0, labelShare: 0)
    var views: [DistributionLoss.Teacher] = []
    // Full depth first: the others are compared with it.
    for exit in (0..<exitCount).reversed() {
      let z = batch.states(exit) + rows.lowerBound * width
      let isTeacher = exit == exitCount - 1
      if let adapters, !isTeacher {
        let math = AdapterMath(kind: adapters.kind, width: width)
        let each = adapters.kind.parameterCount(width: width)
        adapters.values.withUnsafeBufferPointer { values in
          guard let base = values.baseAddress else { return }
          math.forward(z, rows: size, parameters: base + exit * each, scratch: scratch, into: state)
        }
      } else {
        state.update(from: z, count: size * width)
      }
      head.normalise(
        state, scales: batch.scales(exit) + rows.lowerBound, rows: size, into: normed, roots: roots)
      let target = isTeacher ? teacher : logits
      LinearMath(rows: size, inputs: width, outputs: vocabulary).forward(
        normed, head.weight.floats, into: target)
      for j in 0..<size {
        let row = target + j * vocabulary
        let argmax = Self.argmax(row, vocabulary)
        let expected = Int(batch.targets[rows.lowerBound + j])
        let (largest, wanted) = (row[argmax], row[expected])
        var answer = Answer(argmax: Int32(argmax))
        if isTeacher {
          views.append(loss.teacher(row, room: room))
          answer.confidence = row[argmax]
          // ln q = l - max l + ln max q
          answer.crossEntropy = largest - wanted - log(answer.confidence)
        } else {
          let outcome = loss.student(row, teacher: views[j], label: expected, scale: 1, room: room)
          answer.divergence = outcome.divergence
          answer.crossEntropy = outcome.crossEntropy
          // ln max q = max l - l + ln q
          answer.confidence = exp(largest - wanted - outcome.crossEntropy)
        }
        emit(exit, rows.lowerBound + j, answer)
      }
    }
  }

  private static func argmax(_ row: UnsafePointer<Float>, _ count: Int) -> Int {
    let largest = Vectors.maximum(row, count)
    return (0..<count).first { row[$0] == largest } ?? 0
  }

  private static func report(_ answers: [Answer], exits: [Int], count: Int) -> AdapterReport {
    let full = exits.count - 1
    func mean(_ value: (Int, Int) -> Double) -> [Double] {
      exits.indices.map { exit in (0..<count).reduce(0.0) { $0 + value(exit, $1) } / Double(count) }
    }
    func agrees(_ exit: Int, _ row: Int) -> Bool {
      answers[exit * count + row].argmax == answers[full * count + row].argmax
    }
    /// Share of disagreeing positions and mean depth if each leaves where its confidence reaches `threshold`.
    func outcome(_ threshold: Float) -> (risk: Double, depth: Double) {
      var (wrong, depth) = (0, 0)
      for row in 0..<count {
        let exit = (0..<full).first { answers[$0 * count + row].confidence >= threshold } ?? full
        if !agrees(exit, row) { wrong += 1 }
        depth += exits[exit]
      }
      return (Double(wrong) / Double(count), Double(depth) / Double(count))
    }
    let confidences = answers.prefix(full * count).map(\.confidence).sorted()
    let points = (0..<120).map { i in
      let quantile = 0.02 + (0.998 - 0.02) * Double(i) / 119
      return outcome(confidences[Int(quantile * Double(confidences.count - 1))])
    }
    let depths = risks.map { risk in
      let allowed = Double(risk) ?? 0
      return (risk, points.filter { $0.risk <= allowed }.map(\.depth).min() ?? Double(exits[full]))
    }
    let oracle = (0..<count).reduce(0) { sum, row in
      sum + exits[exits.indices.first { agrees($0, row) } ?? full]
    }
    return AdapterReport(
      exits: exits, positions: count,
      crossEntropy: mean { Double(answers[$0 * count + $1].crossEntropy) },
      agreement: mean { agrees($0, $1) ? 1 : 0 },
      divergence: mean { Double(answers[$0 * count + $1].divergence) },
      oracleDepth: Double(oracle) / Double(count),
      meanDepth: Dictionary(uniqueKeysWithValues: depths))
  }
}
