import Foundation
import RouterDecoding
import RouterExit
import RouterServer
import RouterTokenizer
import Synchronization

/// A backend that plays what a test wrote down, and keeps what was asked of it.
final class ScriptedBackend: CompletionBackend {
  /// What becomes of one sequence.
  enum Script: Sendable {
    /// Plays these events.
    case play([GenerationEvent])
    /// Plays these events, then nothing more until somebody cancels.
    case hang(after: [GenerationEvent])
    /// Plays these events, then fails.
    case fail(after: [GenerationEvent], any Error)
    /// Refuses the request.
    case refuse(GenerationError)
  }

  private struct Log {
    var choices: [[Decoding]] = []
    var requests: [GenerationRequest] = []
    var audits: [Audit] = []
  }

  /// One audited answer.
  struct Audit {
    let prompt: [Int32]
    let answer: [Int32]
    let metric: LossMetric
  }

  let card: ModelCard
  let policies: PolicyCatalog
  let load = BackendLoad(active: 1, queued: 2)
  let headScreen: HeadScreenCounters?
  let prefixes: (any PrefixKeeper)?
  private let agreements: [Bool]?
  /// Which of several ways load chooses, or the last.
  private let choice: Int
  private let script: @Sendable (Int, GenerationRequest) -> Script
  private let log = Mutex(Log())
  private let cancellations: AsyncStream<Void>
  private let cancellationSink: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - agreements: what every audit finds; nothing wrong if absent.
  ///   - prefixes: where prefixes are kept; nowhere if absent.
  ///   - script: what becomes of the nth sequence.
  init(
    card: ModelCard = .test, policies: PolicyCatalog = .test, headScreen: HeadScreenCounters? = nil,
    agreements: [Bool]? = nil, choice: Int = 0, prefixes: (any PrefixKeeper)? = nil,
    script: @escaping @Sendable (Int, GenerationRequest) -> Script = { _, request in
      .play(.answer("Hello there.", request))
    }
  ) {
    self.card = card
    self.policies = policies
    self.headScreen = headScreen
    self.agreements = agreements
    self.choice = choice
    self.prefixes = prefixes
    self.script = script
    (cancellations, cancellationSink) = AsyncStream<Void>.makeStream()
  }

  /// Every request, in order.
  var requests: [GenerationRequest] { log.withLock { $0.requests } }

  /// Every audited answer with its prompt, in order.
  var audits: [Audit] { log.withLock { $0.audits } }

  func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer {
    log.withLock { $0.audits.append(Audit(prompt: request.prompt, answer: answer, metric: metric)) }
    return AuditedAnswer(agreements: agreements ?? answer.map { _ in true })
  }

  /// Returns when the next sequence has been cancelled.
  func untilCancelled() async {
    for await _ in cancellations { return }
  }

  /// Nine characters a message and one token a byte: `<role>:` and the content.
  func encode(chat messages: [ChatMessage]) async throws -> [Int32] {
    if messages.last?.role == .assistant {
      throw TokenizerError(
        .invalidConversation, "The last message is the assistant's", remedy: "End with a user message")
    }
    return messages.flatMap { "\($0.role.rawValue):\($0.content)".utf8.map(Int32.init) }
  }

  /// One token a byte: `<role>:`, the content, and a mark.
  func encode(beginning messages: [ChatMessage]) async throws -> [Int32] {
    messages.flatMap { "<\($0.role.rawValue):\($0.content)>".utf8.map(Int32.init) }
  }

  /// One token a byte.
  func encode(text: String) async throws -> [Int32] { text.utf8.map(Int32.init) }

  func decode(_ tokens: [Int32]) -> String {
    String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
  }

  func choose(among ways: [Decoding]) -> Int {
    log.withLock { $0.choices.append(ways) }
    return min(choice, ways.count - 1)
  }

  /// The ways that load was to choose from, call by call.
  var choices: [[Decoding]] { log.withLock { $0.choices } }

  func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    let index = log.withLock { log in
      log.requests.append(request)
      return log.requests.count - 1
    }
    let (stream, sink) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
    sink.onTermination = { [cancellationSink] termination in
      if case .cancelled = termination { cancellationSink.yield() }
    }
    switch script(index, request) {
    case .play(let events):
      for event in events { sink.yield(event) }
      sink.finish()
    case .hang(let events):
      for event in events { sink.yield(event) }
      hanging.withLock { $0.append(sink) }
    case .fail(let events, let error):
      for event in events { sink.yield(event) }
      sink.finish(throwing: error)
    case .refuse(let error):
      throw error
    }
    return stream
  }

  /// Continuations of hanging sequences: dropping one would end its stream.
  private let hanging = Mutex<[AsyncThrowingStream<GenerationEvent, any Error>.Continuation]>([])

  func shutdown() async {}
}

extension ModelCard {
  /// Thirty layers, room for 256 positions.
  static let test = ModelCard(
    name: "tiny", fingerprint: "fp-test", created: 1_700_000_000, layerCount: 30,
    limits: GenerationLimits(contextLength: 256, exits: [9, 15, 21, 30]), vocabularySize: 1000,
    hasChatTemplate: true)
}

extension ModelIdentity {
  /// That of ``ModelCard/test``.
  static let test = ModelIdentity(
    name: "tiny", fingerprint: "fp-test", layerCount: 30, exits: [9, 15, 21, 30])
}

extension PolicyCatalog {
  /// Two policies and no default.
  static let test = make(default: nil)

  /// Two policies.
  static func make(
    default name: String?, mode: ServedMode? = nil, guarantees: [String: PolicyGuarantee] = [:]
  ) -> PolicyCatalog {
    do {
      return try PolicyCatalog(
        Dictionary(
          uniqueKeysWithValues: try ["entropy", "margin"].map {
            ($0, ServedPolicy(try ExitPlan(NamedPolicy(name: $0), for: .test), guarantee: guarantees[$0]))
          }),
        default: name, mode: mode)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

/// A policy that is only a name: the scripted backend never asks it.
struct NamedPolicy: ExitPolicy {
  struct Never: ExitDecider {
    mutating func beginToken(_ tokenIndex: Int) {}
    mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
      .proceed(confidence: nil)
    }
  }

  let name: String
  var exits: [Int] { [9, 15, 21] }
  func makeDecider() -> any ExitDecider { Never() }
}
