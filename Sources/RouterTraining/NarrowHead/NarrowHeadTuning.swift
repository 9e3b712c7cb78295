import RouterCheckpoint
import RouterModel
import RouterTensor

/// Finds a narrow head for a model from what its head reads in texts.
package struct NarrowHeadTuning {
  private let model: LlamaModel
  private let rank: Int
  private let encoding: WeightEncoding

  /// Every so many texts one is looked at with fresh eyes: it says how many tokens have to lead.
  private static let heldOutStep = 8
  /// Inputs that say so, at most.
  private static let heldOutInputs = 2000

  /// - Parameter encoding: of the head's matrix `[V, r]`.
  package init(_ model: LlamaModel, rank: Int, encoding: WeightEncoding) {
    self.model = model
    self.rank = rank
    self.encoding = encoding
  }

  /// Reads texts and finds the head.
  ///
  /// - Parameters:
  ///   - documents: texts, of which answers count.
  ///   - share: of the head's choices that are to be among the tokens that are computed in all dimensions.
  ///   - progress: receives the share of the texts that have been read, 0 ... 1; returns false to stop.
  /// - Returns: the head and the tokens that it was found from; nil if it was stopped.
  /// - Throws: ``TrainingError``, `ModelError`.
  package func run(
    _ documents: [TrainingDocument], found share: Double, progress: (Double) -> Bool
  ) throws -> (values: NarrowHeadValues, tokens: Int)? {
    var moments = HeadInputMoments(width: model.configuration.width)
    var fresh: [Float] = []
    for (index, document) in documents.enumerated() {
      let inputs = try headInputs(of: document)
      if index % Self.heldOutStep == Self.heldOutStep - 1 {
        if fresh.count < Self.heldOutInputs * model.configuration.width { fresh += inputs }
      } else {
        moments.add(inputs)
      }
      guard progress(Double(index + 1) / Double(documents.count)) else { return nil }
    }
    let fit = try NarrowHeadFit(model.weights.head, moments: moments)
    return (try fit.narrowHead(rank: rank, encoding: encoding, inputs: fresh, found: share), moments.count)
  }

  /// f32 `[n, D]`: what the head reads at full depth where a text's answer is predicted.
  private func headInputs(of document: TrainingDocument) throws -> [Float] {
    let wanted = document.scored.lowerBound - 1..<document.scored.upperBound - 1
    let pass = try TeacherForcedPass(
      model, tokens: document.tokens, wanted: wanted, exits: [model.layerCount])
    var inputs: [Float] = []
    while let states = try pass.next() {
      for position in states.positions { inputs += states.headInput(at: position) }
    }
    return inputs
  }
}
