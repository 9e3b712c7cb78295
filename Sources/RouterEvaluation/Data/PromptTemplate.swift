import RouterDecoding
import RouterTokenizer

/// How a prompt is written.
package enum PromptTemplate: String, Sendable, CaseIterable, Codable {
  /// As the model's chat template says; plain text if it has none.
  case chat
  /// Stanford Alpaca's two templates.
  case alpaca
}
