import RouterDecoding
import RouterTokenizer

extension LanguageModel {
  /// The ids of a row's prompt: a conversation if the model has a chat template, else plain text.
  package func promptTokens(of row: EvaluationRow) throws -> [Int32] {
    hasChatTemplate
      ? try encodeChat(row.messages) : encode(row.messages.map(\.content).joined(separator: "\n"))
  }
}
