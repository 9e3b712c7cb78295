import RouterCalibration
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor

/// Does tasks of a calibration with the model, and appends what they show to the trace. One thread uses it.
final class CalibrationRunner {
  let language: LanguageModel
  let examples: [PromptExample]
  let settings: CalibrationSettings
  let planning: PathPlanning
  let trace: TraceFile
  private let teacher: CalibrationTeacher
  /// Hidden states by prompt, kept for what is trained next.
  private var held: [Int: AnswerStates] = [:]
  /// Hidden states of the prompts that are trained on and judged by, in their order.
  private var training: (on: [Int], judgedBy: [Int], seen: ExitStates, unseen: ExitStates)?

  init(
    language: LanguageModel, examples: [PromptExample], settings: CalibrationSettings,
    planning: PathPlanning, trace: TraceFile
  ) {
    self.language = language
    self.examples = examples
    self.settings = settings
    self.planning = planning
    self.trace = trace
    teacher = CalibrationTeacher(language)
  }

  /// Does a task whose result is not there.
  func perform(_ task: CalibrationTask) throws {
    switch task {
    case .answer(let prompt, let decoding): _ = try answer(prompt, decoding)
    case .pilot(let prompt, let keepsStates):
      guard trace.records.pilot(prompt: prompt) == nil else { return }
      if keepsStates {
        let states = try readStates(prompt)
        try trace.append(.pilot(states.answer))
        held[prompt] = states
      } else {
        try trace.append(.pilot(try readPilot(prompt)))
      }
    case .states(let prompt):
      if held[prompt] == nil { held[prompt] = try readStates(prompt) }
    case .train(let kind, let prompts, let judges):
      guard trace.records.estimator(kind) == nil else { return }
      let (seen, unseen) = try trainingStates(on: prompts, judgedBy: judges)
      let training = EstimatorTraining(
        exits: language.exitsBelowFullDepth, width: language.model.configuration.width,
        seed: settings.seed)
      try trace.append(
        .estimator(
          try training.train(kind, on: seen, judgedBy: unseen, team: language.model.matmul.team)))
    case .plan(let candidate, let prompts):
      guard trace.records.plan(of: candidate) == nil else { return }
      let pilots = prompts.compactMap { trace.records.pilot(prompt: $0) }
      let trained = candidate.learned.flatMap(trace.records.estimator)
      try trace.append(.plan(try planning.plan(candidate, pilots: pilots, trained: trained)))
    }
  }

  /// Gives the memory of hidden states back.
  func forgetStates() {
    held = [:]
    training = nil
  }

  // MARK: Full depth reads its own answers

  /// What every exit says along full depth's answer to a prompt.
  ///
  /// - Parameter observe: see ``TeacherForcing/scores(of:scored:exits:observe:)``.
  func readPilot(
    _ prompt: Int, observe: (Int, UnsafeBufferPointer<Float>) -> Void = { _, _ in }
  ) throws -> PilotAnswer {
    let answer = try self.answer(prompt, .full)
    return try teacher.pilot(
      prompt, promptTokens: promptTokens(prompt), answer: answer.tokens, observe: observe)
  }

  private func readStates(_ prompt: Int) throws -> AnswerStates {
    var states = language.exitsBelowFullDepth.map { _ in [Float]() }
    let answer = try readPilot(prompt) { exit, values in
      if exit < states.count { states[exit] += values }
    }
    return AnswerStates(answer: answer, states: states)
  }

  /// The hidden states that estimators are trained on, moved out of what is held, so that none is there twice.
  private func trainingStates(
    on prompts: [Int], judgedBy judges: [Int]
  ) throws -> (seen: ExitStates, unseen: ExitStates) {
    if let training, training.on == prompts, training.judgedBy == judges {
      return (training.seen, training.unseen)
    }
    func join(_ prompts: [Int]) throws -> ExitStates {
      var joined = ExitStates(exitCount: language.exitsBelowFullDepth.count)
      for prompt in prompts { joined.append(try held.removeValue(forKey: prompt) ?? readStates(prompt)) }
      return joined
    }
    let (seen, unseen) = (try join(prompts), try join(judges))
    training = (prompts, judges, seen, unseen)
    return (seen, unseen)
  }
}

extension LanguageModel {
  /// The exits that a policy may use.
  var exitsBelowFullDepth: [Int] { Array(exits.dropLast()) }
}
