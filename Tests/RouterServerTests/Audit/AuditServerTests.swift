import RouterDecoding
import RouterExit
import RouterServer
import Testing

/// Audits from the request to `/health` and `/metrics`.
@Suite(.timeLimit(.minutes(2)))
struct AuditServerTests {
  private static let greedy =
    #"{"messages": [{"role": "user", "content": "Hi"}], "temperature": 0, "router": {"policy": "entropy"}}"#

  private func configuration(_ reaction: AlarmReaction = .none) -> ServerConfiguration {
    .test {
      $0.auditShare = 1
      $0.alarmReaction = reaction
    }
  }

  private func backend(risk: Double, agreements: [Bool]) throws -> ScriptedBackend {
    ScriptedBackend(
      policies: .make(default: nil, guarantees: ["entropy": try .promise(risk: risk)]),
      agreements: agreements)
  }

  /// Waits until so many audits have been made.
  private static func health(_ port: Int, done: Int) async throws -> HTTPReply {
    while true {
      let reply = try await get(port, "/health")
      if try reply.json["audits"]["done"].int ?? 0 >= done { return reply }
    }
  }

  @Test func servedAnswersAreAuditedTokenByToken() async throws {
    let backend = try backend(risk: 0.5, agreements: [true, false, true, true])
    let streamed = Self.greedy.dropLast() + #", "stream": true}"#
    let (reply, metrics) = try await withServer(backend, configuration()) { port in
      _ = try await post(port, "/v1/chat/completions", Self.greedy)
      _ = try await post(port, "/v1/chat/completions", String(streamed))
      return (try await Self.health(port, done: 2), try await get(port, "/metrics").body)
    }
    // "user:Hi" in bytes; the scripted words' ids.
    #expect(backend.audits.map(\.prompt) == [[Int32]](repeating: "user:Hi".utf8.map(Int32.init), count: 2))
    #expect(backend.audits.map(\.answer) == [[1, 1], [1, 1]])
    let health = try reply.json
    #expect(health["status"].string == "ok")
    let policy = health["audits"]["policies"][0]
    #expect(policy["policy"].string == "entropy")
    #expect(policy["metric"].string == "disagreement")
    #expect(policy["loss"].double == 0.25)
    #expect(policy["promised"].double == 0.5)
    #expect(policy["promise"].string == "kept")
    #expect(policy["audited"].int == 2)
    #expect(metrics.contains("router_audits_total{policy=\"entropy\"} 2\n"))
    #expect(metrics.contains("router_realised_risk{policy=\"entropy\"} 0.25\n"))
    #expect(metrics.contains("router_promise_broken{policy=\"entropy\"} 0\n"))
  }

  @Test func whatHasNoPolicyOrIsSampledIsNotAudited() async throws {
    let backend = try backend(risk: 0.5, agreements: [true])
    let reply = try await withServer(backend, configuration()) { port in
      _ = try await post(port, "/v1/chat/completions", ServerTests.hello)
      let sampled = #"{"messages": [{"role": "user", "content": "Hi"}], "router": {"policy": "entropy"}}"#
      _ = try await post(port, "/v1/chat/completions", sampled)
      _ = try await post(port, "/v1/chat/completions", Self.greedy)
      return try await Self.health(port, done: 1)
    }
    #expect(backend.audits.count == 1)
    let health = try reply.json
    #expect(health["audits"]["unfit"]["sampled"].int == 1)
  }

  @Test(arguments: [AlarmReaction.none, .run(.full)])
  func aBrokenPromiseShowsAndActs(reaction: AlarmReaction) async throws {
    let backend = try backend(risk: 0.05, agreements: [false, false, true])
    let (last, metrics, reply) = try await withServer(backend, configuration(reaction)) { port in
      var health = try await get(port, "/health")
      var count = 0
      while try health.json["status"].string == "ok" && count < 40 {
        _ = try await post(port, "/v1/chat/completions", Self.greedy)
        count += 1
        health = try await Self.health(port, done: count)
      }
      let reply = try await post(port, "/v1/chat/completions", Self.greedy)
      return (health, try await get(port, "/metrics").body, reply)
    }
    let health = try last.json
    #expect(last.status == 200 && health["status"].string == "degraded")
    #expect(health["audits"]["policies"][0]["promise"].string == "broken")
    #expect(metrics.contains("router_promise_broken{policy=\"entropy\"} 1\n"))
    let router = try reply.json["choices"][0]["router"]
    if reaction == .none {
      #expect(health["audits"]["fallback"].isAbsent)
      #expect(backend.requests.last?.decoding.mode == .exit)
      #expect(router["suspended"].isAbsent && router["policy"].string == "entropy")
    } else {
      #expect(health["audits"]["fallback"].string == "full")
      #expect(backend.requests.last?.decoding.mode == .full)
      #expect(backend.requests.last?.decoding.policy == nil)
      #expect(router["mode"].string == "full" && router["suspended"].string == "entropy")
    }
  }

  @Test func withoutAShareNothingIsAudited() async throws {
    let backend = try backend(risk: 0.5, agreements: [true])
    let reply = try await withServer(backend) { port in
      _ = try await post(port, "/v1/chat/completions", Self.greedy)
      return try await get(port, "/health")
    }
    #expect(backend.audits.isEmpty)
    #expect(try reply.json["audits"].isAbsent)
  }
}
