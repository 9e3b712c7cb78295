import RouterDecoding
import RouterEvaluation
import RouterImport
import RouterModel

/// Where the program gets a machine's cost models from: the cache, or a measurement that is then kept there.
struct CostSource {
  /// Measure although there is a stored one.
  let refresh: Bool

  /// What parts of a token cost with a loaded model.
  func costs(of language: LanguageModel) throws -> CostModel {
    try costs(of: language.model, fingerprint: language.fingerprint)
  }

  /// - Parameter fingerprint: identity of the weights; nil for random ones, whose costs are not kept.
  func costs(of model: LlamaModel, fingerprint: String?) throws -> CostModel {
    guard let fingerprint else { return try measure(model) }
    let key = CostKey(model, fingerprint: fingerprint, tool: ToolVersion.provenance)
    let store = CostStore(directory: "\(try ModelCache().directory)/costs")
    if !refresh, let known = store.costs(for: key) { return known }
    let costs = try measure(model)
    do {
      try store.store(costs, for: key)
    } catch {
      // The next command measures again; this one has what it needs.
      Terminal.note("\(error)")
    }
    return costs
  }

  private func measure(_ model: LlamaModel) throws -> CostModel {
    let bar = ProgressBar("Measuring costs")
    defer { bar.finish() }
    return try CostMeter(model).measure { bar.update($0) }
  }
}
