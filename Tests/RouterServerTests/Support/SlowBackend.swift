import Foundation
import RouterDecoding
import RouterExit
import RouterServer
import RouterTokenizer

/// A backend whose one answer ends when a gate opens.
struct SlowBackend: CompletionBackend {
  let gate: DispatchSemaphore
  private let base = ScriptedBackend()

  init(gate: DispatchSemaphore) {
    self.gate = gate
  }

  var card: ModelCard { base.card }
  var policies: PolicyCatalog { base.policies }
  var load: BackendLoad { base.load }
  func encode(chat messages: [ChatMessage]) async throws -> [Int32] { try await base.encode(chat: messages) }
  func encode(beginning messages: [ChatMessage]) async throws -> [Int32] {
    try await base.encode(beginning: messages)
  }
  func encode(text: String) async throws -> [Int32] { try await base.encode(text: text) }
  func decode(_ tokens: [Int32]) -> String { base.decode(tokens) }
  var headScreen: HeadScreenCounters? { nil }
  func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer {
    try await base.audit(answer, to: request, by: metric)
  }
  func shutdown() async {}

  func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    AsyncThrowingStream { continuation in
      Thread.detachNewThread {
        gate.wait()
        for event in [GenerationEvent].answer("At last.", request) { continuation.yield(event) }
        continuation.finish()
      }
    }
  }
}
