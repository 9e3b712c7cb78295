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
    help: ArgumentHelp("Run no layer beyond this exit: the sub-model of that depth.", valueName: "layers"))
  var maxExit: Int?

  @Flag(help: "Use a policy although it was calibrated for another model. Its guarantee does not hold then.")
  var allowMismatch = false

  func validate() throws {
    if policy == Self.fixedName && maxExit == nil {
      throw ValidationError("--policy fixed needs --max-exit: the depth at which every token exits.")
    }
  }

  /// The name that means a fixed depth, given by `--max-exit`, rather than a policy file.
  static let fixedName = "fixed"

  /// The decoding mode and the policy for a model.
  ///
  /// - Throws: ``CommandError`` if no such policy is found, `PolicyError` if it is broken or was calibrated for
  ///   another model.
  func resolve(for model: LanguageModel) throws -> (mode: DecodingMode, policy: (any ExitPolicy)?) {
    guard let policy, policy != Self.fixedName else { return (.full, nil) }
    let file = try PolicyLocator.standard.load(policy)
    try PolicyGate.check(file, for: model, allowMismatch: allowMismatch)
    return (.exit, file.makePolicy())
  }
}
