import RouterDecoding
import RouterExit
import RouterTokenizer

/// A loaded model as the server sees it: text in, events out, never a tensor.
package protocol CompletionBackend: Sendable {
  /// What it serves.
  var card: ModelCard { get }

  /// The exit policies that requests may choose.
  var policies: PolicyCatalog { get }

  /// How busy it is.
  var load: BackendLoad { get }

  /// The prompt of a conversation, ending where the model's answer begins.
  ///
  /// - Throws: `TokenizerError` if the model's template cannot express the conversation.
  func encode(chat messages: [ChatMessage]) async throws -> [Int32]

  /// The tokens with which every conversation begins that begins with some messages.
  ///
  /// - Throws: `TokenizerError` if the model's template cannot express such a conversation.
  func encode(beginning messages: [ChatMessage]) async throws -> [Int32]

  /// The tokens of a plain prompt.
  func encode(text: String) async throws -> [Int32]

  /// The text of prompt tokens, for `echo`.
  func decode(_ tokens: [Int32]) -> String

  /// Which of several ways to decode is expected to be done soonest at the load of this moment.
  ///
  /// - Parameter ways: at least one.
  /// - Returns: its index.
  func choose(among ways: [Decoding]) -> Int

  /// Queues one sequence; dropping the stream, or cancelling its consumer, cancels the sequence.
  ///
  /// - Throws: `GenerationError` if the request cannot be queued.
  func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error>

  /// Checks an answer against full depth while no request has anything to do.
  ///
  /// - Parameters:
  ///   - answer: generated ids, an end-of-text token included, at least one.
  ///   - request: what was answered, with the limit of tokens under which it was.
  ///   - metric: how the two are compared; one that can be audited.
  /// - Throws: `GenerationError` if the audit is not made.
  func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer

  /// What the screen of the model's head has done; `nil` for a backend without one.
  var headScreen: HeadScreenCounters? { get }

  /// The memory of keys and values; `nil` for a backend without one.
  var keyValues: KeyValueMemory? { get }

  /// Where prefixes are kept; `nil` for a backend that keeps none.
  var prefixes: (any PrefixKeeper)? { get }

  /// Has each sweep of the backend's engine reported, if it has one.
  ///
  /// - Parameters:
  ///   - traced: whether reports say which layers ran for whom.
  ///   - body: called on the engine's thread.
  func observeSweeps(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void)

  /// Ends what still runs and frees the threads.
  func shutdown() async
}

extension CompletionBackend {
  package func choose(among ways: [Decoding]) -> Int { 0 }
  package var keyValues: KeyValueMemory? { nil }
  package var prefixes: (any PrefixKeeper)? { nil }
  package func observeSweeps(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void) {}
}
