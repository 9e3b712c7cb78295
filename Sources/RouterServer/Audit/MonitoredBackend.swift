import RouterDecoding
import RouterExit
import RouterTokenizer

/// A backend whose policies fall back to full depth's answers where their promise is known to be broken.
struct MonitoredBackend: CompletionBackend {
  let base: any CompletionBackend
  let monitor: GuaranteeMonitor

  var card: ModelCard { base.card }
  var policies: PolicyCatalog { base.policies.fallingBack(monitor.fallbacks) }
  var load: BackendLoad { base.load }
  var headScreen: HeadScreenCounters? { base.headScreen }
  var keyValues: KeyValueMemory? { base.keyValues }
  var prefixes: (any PrefixKeeper)? { base.prefixes }

  func observeSweeps(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void) {
    base.observeSweeps(traced: traced, body)
  }

  func encode(chat messages: [ChatMessage]) async throws -> [Int32] { try await base.encode(chat: messages) }
  func encode(beginning messages: [ChatMessage]) async throws -> [Int32] {
    try await base.encode(beginning: messages)
  }
  func encode(text: String) async throws -> [Int32] { try await base.encode(text: text) }
  func decode(_ tokens: [Int32]) -> String { base.decode(tokens) }

  func choose(among ways: [Decoding]) -> Int { base.choose(among: ways) }

  func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    try base.submit(request)
  }

  func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer {
    try await base.audit(answer, to: request, by: metric)
  }

  func shutdown() async { await base.shutdown() }
}
