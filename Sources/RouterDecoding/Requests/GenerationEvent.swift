/// What a generation tells its caller, in order: tokens, then one `finished`.
public enum GenerationEvent: Sendable {
  case token(GeneratedToken)
  case finished(GenerationSummary)
}
