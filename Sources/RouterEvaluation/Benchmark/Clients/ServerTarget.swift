import Foundation
import RouterTokenizer

/// A server that speaks OpenAI's protocol, over HTTP/1.1 without encryption.
package struct ServerTarget: LoadTarget {
  package let name: String
  private let address: ServerAddress
  private let model: String

  /// Asks a server which model it has.
  ///
  /// - Parameter url: such as `http://127.0.0.1:8080`.
  /// - Throws: ``EvaluationError`` if it cannot be reached or has none.
  package init(url: String) throws(EvaluationError) {
    guard let address = ServerAddress(url) else {
      throw EvaluationError(
        .peerFailed, "`\(url)` is no address of a server", remedy: "Give one like http://127.0.0.1:8080.")
    }
    self.address = address
    name = url
    let answer = try HTTPExchange(address, path: "/v1/models", body: nil).wholeBody()
    guard let list = try? JSONDecoder().decode(ModelList.self, from: answer), let first = list.data.first
    else {
      throw EvaluationError(
        .peerFailed, "the server at \(url) names no model", remedy: "Give the server a model.")
    }
    model = first.id
  }

  private struct ModelList: Decodable {
    struct Model: Decodable { let id: String }
    let data: [Model]
  }

  private struct Request: Encodable {
    struct Message: Encodable {
      let role: String
      let content: String
    }
    struct StreamOptions: Encodable {
      let includeUsage = true
      private enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
    }

    let model: String
    let messages: [Message]
    let maxTokens: Int
    let temperature = 0.0
    let stream = true
    let streamOptions = StreamOptions()
    /// Prompts come again with each repetition, and are to be read each time: llama-server knows the field too.
    let cachePrompt = false

    private enum CodingKeys: String, CodingKey {
      case model, messages, temperature, stream
      case cachePrompt = "cache_prompt"
      case maxTokens = "max_tokens"
      case streamOptions = "stream_options"
    }
  }

  private struct Chunk: Decodable {
    struct Choice: Decodable {
      struct Delta: Decodable { let content: String? }
      let delta: Delta
    }
    struct Usage: Decodable {
      let completionTokens: Int
      private enum CodingKeys: String, CodingKey { case completionTokens = "completion_tokens" }
    }

    let choices: [Choice]
    let usage: Usage?
  }

  package func answer(_ example: PromptExample, maximumTokens: Int) async throws -> AnswerTimes {
    let request = Request(
      model: model,
      messages: example.messages.map { Request.Message(role: $0.role.rawValue, content: $0.content) },
      maxTokens: maximumTokens)
    let body = try JSONEncoder().encode(request)
    return try await withCheckedThrowingContinuation { continuation in
      // A thread of its own: reading blocks.
      Thread.detachNewThread { continuation.resume(with: Result { try times(body) }) }
    }
  }

  private func times(_ body: Data) throws -> AnswerTimes {
    let clock = ContinuousClock()
    let started = clock.now
    let exchange = try HTTPExchange(address, path: "/v1/chat/completions", body: body)
    var (arrivals, count): ([ContinuousClock.Instant], Int?) = ([], nil)
    let decoder = JSONDecoder()
    while let line = exchange.nextLine() {
      guard line.hasPrefix("data: "), line != "data: [DONE]" else { continue }
      let chunk = try decoder.decode(Chunk.self, from: Data(line.dropFirst(6).utf8))
      if let content = chunk.choices.first?.delta.content, !content.isEmpty { arrivals.append(clock.now) }
      if let usage = chunk.usage { count = usage.completionTokens }
    }
    return AnswerTimes(
      started: started, arrivals: arrivals, tokenCount: count ?? arrivals.count, ended: clock.now)
  }
}
