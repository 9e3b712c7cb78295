import RouterCalibration
import RouterExit

/// What is learned before anything is tried: pilot answers, estimators, paths.
///
/// Full depth reads each prompt's answer once: where something will be trained, hidden states of that pass are kept.
/// Only a resumed calibration, which has the pilot answers and no states, reads for the states alone.
package struct LearningWork: CalibrationWork {
  /// Tokens that are learned from at most; their hidden states stay in memory.
  package static let trainingTokens = 12_288

  private enum Stage {
    case begin
    case pilots
    case pilotStates
    case heldOutStates
    /// The kind with this index is trained.
    case training(Int)
    case paths
    case finished
  }

  private let settings: CalibrationSettings
  private let split: PromptSplit
  private let tokenLimit: Int
  /// What is trained: kinds that candidates need and nobody has recorded.
  private let kinds: [LearnedEstimator.Kind]
  private var stage = Stage.begin
  private var tokenCount = 0
  /// Prompts whose pilot answers are learned from, in drawing order.
  package private(set) var pilots: [Int] = []

  /// - Parameters:
  ///   - hasExits: whether there is an exit below full depth to learn for.
  ///   - records: what an earlier run has left.
  package init(
    settings: CalibrationSettings, split: PromptSplit, hasExits: Bool, records: TraceRecords,
    tokenLimit: Int = trainingTokens
  ) {
    self.settings = settings
    self.split = split
    self.tokenLimit = tokenLimit
    kinds =
      hasExits ? settings.learnedKinds.filter { records.estimator($0) == nil } : []
  }

  package mutating func next(_ records: TraceRecords) -> TaskList? {
    switch stage {
    case .begin:
      stage = .pilots
      return TaskList(
        stage: "pilot prompts",
        groups: split.pilot.map {
          [.answer(prompt: $0, .full), .pilot(prompt: $0, keepsStates: !kinds.isEmpty)]
        })
    case .pilots where !kinds.isEmpty:
      stage = .pilotStates
      return TaskList(
        stage: "hidden states of the pilot prompts", groups: pilots.map { [.states(prompt: $0)] })
    case .pilotStates:
      stage = .heldOutStates
      return TaskList(
        stage: "hidden states of the held-out prompts",
        groups: split.heldOut.map { [.answer(prompt: $0, .full), .states(prompt: $0)] })
    case .heldOutStates: return train(0)
    case .training(let index) where index + 1 < kinds.count: return train(index + 1)
    case .pilots, .training:
      stage = .paths
      let missing = settings.candidates.filter { records.plan(of: $0) == nil }
      return TaskList(stage: "paths", groups: missing.map { [.plan($0, pilots: pilots)] })
    case .paths, .finished:
      stage = .finished
      return nil
    }
  }

  private mutating func train(_ index: Int) -> TaskList {
    stage = .training(index)
    return TaskList(
      stage: "training \(kinds[index].rawValue)",
      groups: [[.train(kinds[index], on: pilots, judgedBy: split.heldOut)]])
  }

  /// Pilot prompts end where hidden states would no longer fit: what does not fit would be learned without.
  package mutating func isSettled(byGroup index: Int, _ records: TraceRecords) -> Bool {
    guard case .pilots = stage else { return false }
    pilots.append(split.pilot[index])
    tokenCount += records.pilot(prompt: split.pilot[index])?.tokenCount ?? 0
    return settings.trains && tokenCount >= tokenLimit
  }
}
