/// One line of a trace file after its header: a JSON object with one field that says what it is.
package enum TraceRecord: Sendable, Equatable {
  /// What the exits said along one full-depth answer.
  case pilot(PilotAnswer)
  /// An estimator that was trained on the pilot answers.
  case estimator(TrainedEstimator)
  /// The path of a candidate; recorded because measured costs differ from run to run.
  case plan(PathPlan)
  /// One free-running answer.
  case prompt(PromptTrace)
}

extension TraceRecord: Codable {
  private enum Key: String, CodingKey {
    case pilot, estimator, plan, prompt
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let key = container.allKeys.first, container.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a record is a pilot, an estimator, a plan or a prompt"))
    }
    switch key {
    case .pilot: self = .pilot(try container.decode(PilotAnswer.self, forKey: key))
    case .estimator: self = .estimator(try container.decode(TrainedEstimator.self, forKey: key))
    case .plan: self = .plan(try container.decode(PathPlan.self, forKey: key))
    case .prompt: self = .prompt(try container.decode(PromptTrace.self, forKey: key))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .pilot(let trace): try container.encode(trace, forKey: .pilot)
    case .estimator(let trained): try container.encode(trained, forKey: .estimator)
    case .plan(let plan): try container.encode(plan, forKey: .plan)
    case .prompt(let trace): try container.encode(trace, forKey: .prompt)
    }
  }
}
