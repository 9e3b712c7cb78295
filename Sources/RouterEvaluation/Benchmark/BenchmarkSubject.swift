import RouterCheckpoint
import RouterModel
import RouterTensor

/// A model that is measured.
package struct BenchmarkSubject: Sendable {
  package let name: String
  /// How its weights are encoded, such as `q4`: what tells it from the others of a run.
  package let weights: String
  /// Identity of the weights; nil for random ones.
  package let fingerprint: String?
  /// Token ids that prompts and contexts consist of, again and again; at least one.
  package let text: [Int32]
  package let model: LlamaModel

  /// A model with its own words: what a screen of the head saves depends on them.
  ///
  /// - Parameter text: ids of a text; empty for a walk through the vocabulary.
  package init(name: String, weights: String, fingerprint: String?, text: [Int32] = [], model: LlamaModel) {
    self.name = name
    self.weights = weights
    self.fingerprint = fingerprint
    self.model = model
    let vocabulary = model.configuration.vocabularySize
    self.text = text.isEmpty ? (0..<vocabulary).map { Int32($0 * 7919 % vocabulary) } : text
  }

  /// The same weights on a team of `threads`, with a screen of the head or without one.
  package func model(threads: Int, screening: HeadScreening? = nil) -> LlamaModel {
    LlamaModel(
      configuration: model.configuration, exits: model.exits, weights: model.weights,
      matmul: Matmul(
        team: ThreadTeam(threadCount: threads), kernels: model.matmul.kernels,
        precision: model.matmul.precision),
      headScreening: screening, cacheElement: model.cacheElement)
  }
}
