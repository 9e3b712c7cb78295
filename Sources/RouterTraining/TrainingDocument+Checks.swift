import RouterCheckpoint
import RouterModel

extension TrainingDocument {
  /// Checks that a model can read all of `documents`.
  ///
  /// - Throws: ``TrainingError`` `unusableData` that names the first document it cannot read.
  static func check(_ documents: [TrainingDocument], for model: LlamaModel) throws(TrainingError) {
    let (vocabulary, context) = (model.configuration.vocabularySize, model.configuration.contextLength)
    for (index, document) in documents.enumerated() {
      guard document.tokens.allSatisfy({ $0 >= 0 && $0 < vocabulary }), document.tokens.count <= context
      else {
        throw TrainingError(
          .unusableData, "a text has a token outside the vocabulary or exceeds the context of \(context)",
          at: "document \(index)", remedy: "Encode with this model's tokenizer, and cut long texts.")
      }
    }
  }

  /// XXH64 of the texts and of what is scored of them, in order.
  static func digest(_ documents: [TrainingDocument]) -> UInt64 {
    let numbers = documents.flatMap {
      [Int32($0.tokens.count), Int32($0.scored.lowerBound), Int32($0.scored.upperBound)] + $0.tokens
    }
    return numbers.withUnsafeBytes { XXH64.hash($0) }
  }
}
