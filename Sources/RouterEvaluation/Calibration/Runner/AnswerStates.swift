import RouterCalibration

/// What exits said along one full-depth answer, with the hidden states that they said it on.
struct AnswerStates: Sendable {
  let answer: PilotAnswer
  /// f32 `[E][T, D]`: residual streams.
  let states: [[Float]]
}
