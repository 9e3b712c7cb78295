import RouterCalibration
import RouterExit

/// One piece of a calibration's work, as plain data: whoever has the model, the prompts and what was recorded so far
/// can do it. A task whose result has been recorded is done.
package enum CalibrationTask: Sendable, Hashable {
  /// Answers a prompt, and records the answer with its loss.
  case answer(prompt: Int, TracedDecoding)
  /// Has full depth read its own answer to a prompt, and records what every exit says along it. Hidden states are
  /// kept if something will learn from them.
  case pilot(prompt: Int, keepsStates: Bool)
  /// Has full depth read its own answer to a prompt for its hidden states, unless they have been kept.
  case states(prompt: Int)
  /// Trains an estimator on the hidden states of some prompts, judges it on those of others, and records it.
  case train(LearnedEstimator.Kind, on: [Int], judgedBy: [Int])
  /// Plans a candidate's path on the pilot answers of some prompts, and records it.
  case plan(Candidate, pilots: [Int])
}
