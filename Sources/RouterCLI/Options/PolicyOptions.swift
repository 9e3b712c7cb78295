import ArgumentParser
import RouterDecoding
import RouterExit

/// How deep tokens go.
struct PolicyOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Exit policy: a path, or a name such as entropy that is looked up (see `router policies`); fixed exits at "
        + "--max-exit; absent, every token runs all layers.",
      valueName: "name"))
  var policy: String?

  @Option(
    help: ArgumentHelp(
      "full runs all layers; exit lets tokens leave as --policy says; verify drafts ahead, at the policy's exits too "
        + "if one is given, and gives full's tokens. Absent: exit with --policy, full without.",
      valueName: "mode"))
  var mode: DecodingMode?

  @Option(
    help: ArgumentHelp(
      "What tokens leave in layers that they skip: propagate or exact; as the policy was calibrated if absent.",
      valueName: "mode"))
  var kv: KeyValueMode?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Draft ahead where tokens leave early and --kv is exact: the same tokens at the same depths, sooner."))
  var drafts = true

  @Option(
    help: ArgumentHelp("Run no layer beyond this exit: the sub-model of that depth.", valueName: "layers"))
  var maxExit: Int?

  @Flag(help: "Use a policy although it was calibrated for another model. Its guarantee does not hold then.")
  var allowMismatch = false

  func validate() throws {
    if policy == Self.fixedName && maxExit == nil {
      throw ValidationError("--policy fixed needs --max-exit: the depth at which every token exits.")
    }
    if mode == .exit && (policy == nil || policy == Self.fixedName) {
      throw ValidationError("--mode exit needs --policy: what decides the exits.")
    }
    if kv != nil && (policy == nil || mode == .full || mode == .verify) {
      throw ValidationError(
        "--kv is for tokens that leave early: it needs --policy, and no other --mode than exit.")
    }
  }

  /// The name that means a fixed depth, given by `--max-exit`, rather than a policy file.
  static let fixedName = "fixed"

  /// How to decode with a model.
  ///
  /// - Throws: ``CommandError`` if no such policy is found, `PolicyError` if it is broken or was calibrated for
  ///   another model.
  func decoding(for model: LanguageModel) throws -> Decoding {
    guard mode != .full, let policy, policy != Self.fixedName else {
      return mode == .verify ? .verify() : .full
    }
    let file = try PolicyLocator.standard.load(policy)
    var plan = try ExitPlan(file, for: model, keyValues: kv, allowMismatch: allowMismatch)
    if mode == .verify { return .verify(drafts: plan.policy) }
    plan.draftsAhead = drafts
    return .exit(plan)
  }
}
