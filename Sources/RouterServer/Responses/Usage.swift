import RouterDecoding

/// The `usage` object: OpenAI's counts and the mean depth.
struct Usage: Encodable, Equatable {
  var promptTokens: Int
  var completionTokens: Int
  var totalTokens: Int
  /// Prompt tokens whose keys and values earlier requests had left.
  var cachedTokens: Int
  /// Mean number of layers executed per completion token over all choices; `null` without tokens.
  var meanDepth: Double?

  /// Sums up a finished answer.
  init(_ call: CompletionCall, choices: [ChoiceProgress]) {
    promptTokens = call.promptTokenCount
    // The other choices of a prompt begin with what the first has read.
    cachedTokens = stride(from: 0, to: choices.count, by: call.settings.choices).reduce(0) {
      $0 + (choices[$1].answer.summary?.cachedTokenCount ?? 0)
    }
    completionTokens = choices.reduce(0) { $0 + $1.answer.ids.count }
    totalTokens = promptTokens + completionTokens
    let depthSum = choices.reduce(0) { $0 + $1.answer.depthSum }
    meanDepth = completionTokens == 0 ? nil : Double(depthSum) / Double(completionTokens)
  }

  private enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
    case meanDepth = "mean_depth"
    case promptDetails = "prompt_tokens_details"
  }

  private enum DetailKeys: String, CodingKey {
    case cachedTokens = "cached_tokens"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(promptTokens, forKey: .promptTokens)
    try fields.encode(completionTokens, forKey: .completionTokens)
    try fields.encode(totalTokens, forKey: .totalTokens)
    try fields.encode(meanDepth, forKey: .meanDepth)
    var details = fields.nestedContainer(keyedBy: DetailKeys.self, forKey: .promptDetails)
    try details.encode(cachedTokens, forKey: .cachedTokens)
  }
}
