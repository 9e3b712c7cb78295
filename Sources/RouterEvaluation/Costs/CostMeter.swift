import RouterCheckpoint
import RouterExit
import RouterModel

/// Measures what layers, heads and decisions cost: medians of runs that take turns.
package struct CostMeter {
  /// Numbers of rows that are measured.
  static let rows = [1, 2, 4, 8, 16]
  /// Positions before the rows, as far as the model's context allows.
  static let contexts = [0, 256, 1024]

  private let model: LlamaModel
  private let repetitions: Int
  private let rows: [Int]
  private let contexts: [Int]

  package init(_ model: LlamaModel, repetitions: Int = 7) {
    self.model = model
    self.repetitions = max(1, repetitions)
    let limit = model.configuration.contextLength
    let rows = Self.rows.filter { $0 <= limit }
    self.rows = rows
    contexts = Self.contexts.filter { $0 + (rows.last ?? 1) <= limit }
  }

  /// Runs everything.
  ///
  /// - Parameter progress: receives the share of the work that is done, 0 ... 1.
  package func measure(progress: (Double) -> Void = { _ in }) throws -> CostModel {
    let most = rows.last ?? 1
    let sessions = try contexts.map { context in
      let session = try InferenceSession(model: model, capacity: context + most)
      try fill(session, to: context)
      return session
    }
    let logits = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: most * model.configuration.vocabularySize)
    logits.initialize(repeating: 0)
    defer { logits.deallocate() }
    let spoken = try speak(most, logits)
    // By row count, then by context.
    var layers = rows.map { _ in contexts.map { _ in Sample() } }
    var heads = rows.map { _ in Sample() }
    var decisions: [String: Sample] = [:]
    var propagation = Sample()
    var (choices, narrow) = (heads, heads)
    // The first round warms up.
    for repetition in 0...repetitions {
      for (place, session) in sessions.enumerated() {
        for (index, count) in rows.enumerated() {
          let cost = try run(session, rows: count, logits)
          guard repetition > 0 else { continue }
          layers[index][place].append(cost.layer)
          heads[index].append(cost.head)
        }
      }
      if repetition > 0, let session = sessions.first {
        for (name, seconds) in try DecisionTiming(session, logits: UnsafeBufferPointer(logits)).seconds {
          decisions[name, default: Sample()].append(seconds)
        }
        if let seconds = try propagationSeconds(session) { propagation.append(seconds) }
        for (index, count) in rows.enumerated() {
          choices[index].append(
            try seconds(session, after: spoken.prefix(count)) { choose(session, rows: count, logits) })
          guard model.hasNarrowHead, let base = logits.baseAddress else { continue }
          narrow[index].append(
            try seconds(session, after: spoken.prefix(count)) {
              session.narrowLogits(rows: 0..<count, into: base)
            })
        }
      }
      progress(Double(repetition + 1) / Double(repetitions + 1))
    }
    return try CostModel(
      rows: rows,
      layers: layers.map { line in
        CostLine(fitting: zip(contexts, line).map { (Double($0), $1.median) })
      },
      heads: heads.map(\.median), narrowHeads: model.hasNarrowHead ? narrow.map(\.median) : nil,
      choices: choices.map(\.median),
      decisionSeconds: decisions.mapValues(\.median),
      propagation: propagation.median)
  }

  /// Seconds of what is done with tokens that have run all layers and are forgotten again.
  private func seconds(
    _ session: InferenceSession, after tokens: some Collection<Int32>, of work: () -> Void
  ) throws -> Double {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(tokens)
    session.advance(to: session.depthLimit)
    var watch = Stopwatch()
    work()
    return watch.lap()
  }

  /// Seconds for each layer that a token skipped after the first exit; nil for a model without an early one.
  private func propagationSeconds(_ session: InferenceSession) throws -> Double? {
    let start = session.position
    defer { session.rollBack(to: start) }
    guard let exit = model.exits.first, exit < session.depthLimit else { return nil }
    try session.begin(walk(1, from: start))
    session.advance(to: exit)
    var watch = Stopwatch()
    session.propagateAndCommit()
    return watch.lap() / Double(session.depthLimit - exit)
  }

  /// Seconds of a layer and of the heads of some tokens, which are forgotten again.
  private func run(
    _ session: InferenceSession, rows count: Int, _ logits: UnsafeMutableBufferPointer<Float>
  ) throws -> (layer: Double, head: Double) {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(walk(count, from: start))
    var watch = Stopwatch()
    session.advance(to: session.depthLimit)
    let layers = watch.lap()
    if let base = logits.baseAddress { session.logits(rows: 0..<count, into: base) }
    return (layers / Double(session.depthLimit), watch.lap())
  }

  private func fill(_ session: InferenceSession, to context: Int) throws {
    while session.position < context {
      let count = min(InferenceSession.maximumRows, session.capacity, context - session.position)
      try session.begin(walk(count, from: session.position))
      session.advance(to: session.depthLimit)
      session.commitFull()
    }
  }

  /// Tokens that the model says of its own after each that it is given, in ``speak(_:_:)``.
  private static let ownTokens = 32

  /// Tokens of the model's own, at least so many, and as many as the head needs for its screen: choices are timed after
  /// such tokens, since the screen gains most where the model knows what to say.
  private func speak(_ least: Int, _ logits: UnsafeMutableBufferPointer<Float>) throws -> [Int32] {
    let capacity = min(Self.ownTokens, model.configuration.contextLength)
    let session = try InferenceSession(model: model, capacity: capacity)
    var spoken: [Int32] = []
    var start = 0
    while spoken.count < least || model.headScreen.isSampling {
      var token = walk(1, from: start)[0]
      start += 1
      for _ in 0..<capacity {
        try session.begin([token])
        session.advance(to: session.depthLimit)
        token = choose(session, rows: 1, logits).last ?? token
        session.commitFull()
        spoken.append(token)
      }
      session.rollBack(to: 0)
    }
    return spoken
  }

  /// The most probable next tokens of rows, with logits where the screen cannot tell.
  @discardableResult
  private func choose(
    _ session: InferenceSession, rows count: Int, _ logits: UnsafeMutableBufferPointer<Float>
  ) -> [Int32] {
    session.mostProbableTokens(rows: 0..<count).enumerated().map { row, token in
      if let token { return token }
      if let base = logits.baseAddress { session.logits(rows: row..<row + 1, into: base) }
      let found = UnsafeBufferPointer(logits)[..<model.configuration.vocabularySize]
      return Int32(SoftmaxStatistics.argmax(UnsafeBufferPointer(rebasing: found)) ?? 0)
    }
  }

  /// A fixed walk through the vocabulary: any tokens cost the same.
  private func walk(_ count: Int, from position: Int) -> [Int32] {
    (0..<count).map { Int32((position + $0) * 7919 % model.configuration.vocabularySize) }
  }
}
