import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor

/// Finds a narrow head for a model from what its head reads in texts.
package struct NarrowHeadTuning {
  private let model: LlamaModel
  private let rank: Int
  private let encoding: WeightEncoding

  /// One in so many texts, drawn at random, is looked at with fresh eyes: it says how many tokens have to lead.
  private static let heldOutShare = 8
  /// Inputs of a text that say so, at most, and of all texts.
  private static let heldOutInputs = (text: 32, all: 4000)

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
    // Rows of several files take turns: every eighth might be one file's.
    var random = SplitMix64(seed: 1)
    for (index, document) in documents.enumerated() {
      let inputs = try headInputs(of: document)
      if Int.random(in: 0..<Self.heldOutShare, using: &random) == 0 {
        if fresh.count < Self.heldOutInputs.all * model.configuration.width { fresh += spread(inputs) }
      } else {
        moments.add(inputs)
      }
      guard progress(Double(index + 1) / Double(documents.count)) else { return nil }
    }
    let fit = try NarrowHeadFit(model.weights.head, moments: moments)
    return (try fit.narrowHead(rank: rank, encoding: encoding, inputs: fresh, found: share), moments.count)
  }

  /// Some inputs f32 `[m, D]` out of `[n, D]`, as far apart as may be.
  private func spread(_ inputs: [Float]) -> [Float] {
    let width = model.configuration.width
    let count = inputs.count / width
    let taken = min(count, Self.heldOutInputs.text)
    return (0..<taken).flatMap { place in
      let row = count * place / taken
      return inputs[row * width..<(row + 1) * width]
    }
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
