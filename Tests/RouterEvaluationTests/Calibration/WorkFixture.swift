import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit

/// Does a list of work without a model: every answer has the loss and the time that it is told to have.
struct WorkFixture {
  /// Losses and seconds by prompt and decoding; 0 and 1 where nothing is said.
  var loss: (Int, TracedDecoding) -> Double = { _, _ in 0 }
  var seconds: (Int, TracedDecoding) -> Double = { _, _ in 1 }
  /// Layers of each of the two tokens of an answer.
  var depth: (TracedDecoding) -> Int = { _ in 4 }
  private(set) var records = TraceRecords()
  /// What was done, in order.
  private(set) var stages: [String] = []
  private(set) var done: [CalibrationTask] = []

  init(_ records: [TraceRecord] = []) { self.records = TraceRecords(records) }

  /// Does all that a list asks for.
  mutating func finish(_ work: inout some CalibrationWork) throws {
    while let list = try work.next(records) {
      stages.append(list.stage)
      for (index, group) in list.groups.enumerated() {
        for task in group { try perform(task) }
        if try work.isSettled(byGroup: index, records) { break }
      }
    }
  }

  mutating func perform(_ task: CalibrationTask) throws {
    done.append(task)
    switch task {
    case .answer(let prompt, let decoding):
      guard records.answer(prompt: prompt, decoding: decoding) == nil else { return }
      var losses: [String: Double] = [:]
      if case .point = decoding { losses = ["disagreement": loss(prompt, decoding)] }
      records.append(
        .prompt(
          try PromptTrace(
            prompt: prompt, decoding: decoding, tokens: [1, 2],
            depths: [depth(decoding), depth(decoding)], losses: losses, seconds: seconds(prompt, decoding))))
    case .pilot(let prompt, _):
      guard records.pilot(prompt: prompt) == nil else { return }
      records.append(.pilot(try Self.pilot(prompt)))
    case .states: break
    case .train(let kind, _, _): records.append(.estimator(try Self.estimator(kind)))
    case .plan(let candidate, _): records.append(.plan(Self.plan(candidate)))
    }
  }

  /// Two tokens at exits 1 and 2.
  static func pilot(_ prompt: Int) throws -> PilotAnswer {
    try PilotAnswer(prompt: prompt, exits: [1, 2], scores: [:], choices: [1, 1, 2, 2], full: [1, 2])
  }

  static func estimator(_ kind: LearnedEstimator.Kind) throws -> TrainedEstimator {
    let units = kind == .mlp ? 1 : 0
    let count = LearnedEstimator.parameterCount(width: 1, units: units)
    return TrainedEstimator(
      estimator: try LearnedEstimator(
        kind: kind, width: 1, units: units,
        networks: [.init(depth: 1, parameters: [Float](repeating: 0.5, count: count))]), scores: [:])
  }

  /// Points whose pilot risks are 0, .05, .1, .15, .2, .25 and whose depths fall from 3.5 by a half.
  static func plan(_ candidate: Candidate, points: Int = 6) -> PathPlan {
    PathPlan(
      candidate: candidate, exits: [1, 2],
      points: (0..<points).map {
        .init(
          rule: .thresholds([nil, 1 - Float($0) / 10]), pilotRisk: Double($0) / 20,
          pilotMeanDepth: 3.5 - Double($0) / 2, pilotCost: 4 - Double($0) / 2)
      }, payoffs: [], fullCost: 5)
  }

  /// A layer takes 1 second, a head and an argmax as long.
  static func comparison(clients: [Int] = [1]) throws -> AnswerComparison {
    AnswerComparison(
      metric: .disagreement, keyValues: .propagate, layerCount: 4,
      costs: try CostModel(
        rows: [1], layers: [CostLine(base: 1, perPosition: 0)], heads: [1], decisionSeconds: [:]), context: 0,
      clients: clients)
  }
}
