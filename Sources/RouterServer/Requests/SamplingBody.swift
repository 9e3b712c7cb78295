/// How to draw tokens, as it arrives: OpenAI's fields and the usual extensions.
struct SamplingBody: Decodable {
  var temperature: Double?
  var topP: Double?
  var topK: Int?
  var minP: Double?
  var repetitionPenalty: Double?
  var presencePenalty: Double?
  var frequencyPenalty: Double?

  private enum CodingKeys: String, CodingKey {
    case temperature
    case topP = "top_p"
    case topK = "top_k"
    case minP = "min_p"
    case repetitionPenalty = "repetition_penalty"
    case presencePenalty = "presence_penalty"
    case frequencyPenalty = "frequency_penalty"
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    temperature = try fields.realIfPresent(.temperature)
    topP = try fields.realIfPresent(.topP)
    topK = try fields.wholeIfPresent(.topK)
    minP = try fields.realIfPresent(.minP)
    repetitionPenalty = try fields.realIfPresent(.repetitionPenalty)
    presencePenalty = try fields.realIfPresent(.presencePenalty)
    frequencyPenalty = try fields.realIfPresent(.frequencyPenalty)
  }
}
