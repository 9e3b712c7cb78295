import RouterExit

/// What a calibration has found so far, in the order in which it was found: what is there need not be done again.
package struct TraceRecords: Sendable {
  /// Every record, in order.
  package private(set) var all: [TraceRecord] = []

  /// The places of answers in ``all``.
  private var answers: [AnswerKey: Int] = [:]

  /// The places of pilot answers in ``all``, by prompt.
  private var pilotPlaces: [Int: Int] = [:]

  private struct AnswerKey: Hashable {
    let prompt: Int
    let decoding: TracedDecoding
  }

  /// Joins records in order.
  package init(_ records: [TraceRecord] = []) {
    for record in records { append(record) }
  }

  /// Takes a record in.
  package mutating func append(_ record: TraceRecord) {
    switch record {
    case .prompt(let answer):
      answers[AnswerKey(prompt: answer.prompt, decoding: answer.decoding)] = all.count
    case .pilot(let answer):
      if pilotPlaces[answer.prompt] == nil { pilotPlaces[answer.prompt] = all.count }
    case .estimator, .plan: break
    }
    all.append(record)
  }

  /// A prompt's answer as a decoding gave it, if it has been recorded.
  package func answer(prompt: Int, decoding: TracedDecoding) -> PromptTrace? {
    guard let index = answers[AnswerKey(prompt: prompt, decoding: decoding)],
      case .prompt(let answer) = all[index]
    else { return nil }
    return answer
  }

  /// What exits said along full depth's answer to a prompt, if it has been recorded; the first such record counts.
  package func pilot(prompt: Int) -> PilotAnswer? {
    guard let index = pilotPlaces[prompt], case .pilot(let answer) = all[index] else { return nil }
    return answer
  }

  /// The pilot answers, one per prompt, in the order in which they were recorded.
  package var pilots: [PilotAnswer] {
    all.compactMap { if case .pilot(let answer) = $0 { answer } else { nil } }
  }

  /// The plan of a candidate, if it has been recorded.
  package func plan(of candidate: Candidate) -> PathPlan? {
    all.lazy.compactMap {
      if case .plan(let plan) = $0, plan.candidate == candidate { plan } else { nil }
    }.first
  }

  /// The estimator of a kind, if it has been trained.
  package func estimator(_ kind: LearnedEstimator.Kind) -> TrainedEstimator? {
    all.lazy.compactMap {
      if case .estimator(let trained) = $0, trained.estimator.kind == kind { trained } else { nil }
    }.first
  }
}
