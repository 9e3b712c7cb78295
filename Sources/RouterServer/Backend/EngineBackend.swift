import Foundation
import RouterDecoding
import RouterExit
import RouterTokenizer

/// The real backend: a model, and the engine that runs it.
package struct EngineBackend: CompletionBackend {
  package let card: ModelCard
  package let policies: PolicyCatalog
  package let prefixes: (any PrefixKeeper)?

  private let engine: InferenceEngine
  /// Text of this many UTF-8 bytes is tokenised on a thread of its own, so that other requests go on.
  private static let largePrompt = 64 << 10

  /// Makes the backend of a running engine.
  ///
  /// - Parameters:
  ///   - name: the name to serve the model under; `nil`: its own.
  ///   - created: when the model was made available, seconds since 1970.
  ///   - prefixes: the engine's; `nil`: it keeps none.
  package init(
    engine: InferenceEngine, policies: PolicyCatalog, name: String? = nil, created: Int,
    prefixes: PrefixStore? = nil
  ) {
    let model = engine.model
    self.prefixes = prefixes
    self.engine = engine
    self.policies = policies
    card = ModelCard(
      name: name ?? model.name, fingerprint: model.fingerprint, created: created,
      layerCount: model.layerCount,
      limits: model.limits, vocabularySize: model.vocabularySize,
      hasChatTemplate: model.hasChatTemplate, chatStopStrings: model.chatStopStrings)
  }

  package var load: BackendLoad {
    let load = engine.load
    return BackendLoad(active: load.active, queued: load.queued)
  }

  package func encode(chat messages: [ChatMessage]) async throws -> [Int32] {
    let size = messages.reduce(0) { $0 + $1.content.utf8.count }
    return try await offload(size) { [model = engine.model] in try model.encodeChat(messages) }
  }

  package func encode(beginning messages: [ChatMessage]) async throws -> [Int32] {
    let size = messages.reduce(0) { $0 + $1.content.utf8.count }
    return try await offload(size) { [model = engine.model] in try model.encodeBeginning(of: messages) }
  }

  package func encode(text: String) async throws -> [Int32] {
    try await offload(text.utf8.count) { [model = engine.model] in model.encode(text) }
  }

  package func decode(_ tokens: [Int32]) -> String {
    engine.model.decode(tokens)
  }

  package func choose(among ways: [Decoding]) -> Int { engine.choose(among: ways) }

  package func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    try engine.submit(request)
  }

  package func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer {
    try await engine.audit(answer, to: request, by: metric)
  }

  package var headScreen: HeadScreenCounters? { engine.model.headScreenCounters }

  package var keyValues: KeyValueMemory? { engine.keyValueMemory }

  package func observeSweeps(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void) {
    engine.observeSweeps(traced: traced, body)
  }

  package func shutdown() async {
    await engine.shutDown(grace: .zero)
  }

  /// Runs work here if it is small, else on a thread that may block.
  private func offload(_ size: Int, _ work: @escaping @Sendable () throws -> [Int32]) async throws -> [Int32]
  {
    if size < Self.largePrompt { return try work() }
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
  }
}
