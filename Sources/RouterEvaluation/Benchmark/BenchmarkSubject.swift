import RouterModel
import RouterTensor

/// A model that is measured.
package struct BenchmarkSubject: Sendable {
  package let name: String
  /// How its weights are encoded, such as `q4`: what tells it from the others of a run.
  package let weights: String
  /// Identity of the weights; nil for random ones.
  package let fingerprint: String?
  package let model: LlamaModel

  package init(name: String, weights: String, fingerprint: String?, model: LlamaModel) {
    self.name = name
    self.weights = weights
    self.fingerprint = fingerprint
    self.model = model
  }

  /// The same weights on a team of `threads`.
  package func model(threads: Int) -> LlamaModel {
    guard threads != model.multiplier.team.threadCount else { return model }
    return LlamaModel(
      configuration: model.configuration, exits: model.exits, weights: model.weights,
      multiplier: Multiplier(
        team: ThreadTeam(threadCount: threads), kernels: model.multiplier.kernels,
        precision: model.multiplier.precision))
  }
}
