import Dispatch
import Logging
import RouterDecoding
import RouterServer
import Testing

struct LifecycleTests {
  @Test func theSocketListensWhileTheModelLoads() async throws {
    let mayLoad = DispatchSemaphore(value: 0)
    let load: @Sendable () throws -> any CompletionBackend = {
      mayLoad.wait()
      return ScriptedBackend()
    }
    try await withServer(loading: try load()) { port, _ in
      let health = try await get(port, "/health")
      #expect(health.status == 503)
      #expect(try health.json["status"].string == "loading")
      for reply in [
        try await get(port, "/v1/models"), try await post(port, "/v1/chat/completions", ServerTests.hello),
      ] {
        #expect(reply.status == 503)
        #expect(reply.headers["retry-after"] == "1")
        #expect(try reply.json["error"]["code"].string == "model_loading")
      }

      mayLoad.signal()
      var loaded = try await get(port, "/health")
      while loaded.status == 503 { loaded = try await get(port, "/health") }
      #expect(try loaded.json["status"].string == "ok")
      #expect(try loaded.json["model"].string == "tiny")
      #expect(try loaded.json["active"].int == 1)
      #expect(try loaded.json["queued"].int == 2)
      #expect(try await post(port, "/v1/chat/completions", ServerTests.hello).status == 200)
    }
  }

  @Test func shuttingDownDoesNotWaitForTheModel() async throws {
    let never = DispatchSemaphore(value: 0)
    let load: @Sendable () throws -> any CompletionBackend = {
      never.wait()
      return ScriptedBackend()
    }
    // Returns although the model never comes.
    try await withServer(loading: try load()) { port, _ in
      let health = try await get(port, "/health")
      #expect(health.status == 503)
    }
    never.signal()
  }

  @Test func aModelThatCannotBeLoadedEndsTheServer() async throws {
    struct Broken: Error, CustomStringConvertible {
      var description: String { "model.zst is truncated" }
    }
    @Sendable func broken() throws -> any CompletionBackend { throw Broken() }
    let error = await #expect(throws: ServerError.self) {
      try await withServer(loading: try broken()) { port, _ in
        while true { _ = try await get(port, "/health") }
      }
    }
    #expect(error?.code == .loadFailed)
    #expect(error?.description.contains("model.zst is truncated") == true)
  }

  @Test func aPortInUseIsExplained() async throws {
    try await withServer(ScriptedBackend()) { port in
      let error = await #expect(throws: ServerError.self) {
        try await withServer(.test { $0.port = port }, loading: ScriptedBackend()) { _, _ in }
      }
      #expect(error?.code == .addressInUse)
      #expect(error?.description.contains("--port") == true)
    }
  }

  @Test(arguments: ["203.0.113.7", "no such host"])
  func anAddressOfAnotherMachineIsExplained(host: String) async throws {
    let error = await #expect(throws: ServerError.self) {
      try await withServer(.test { $0.host = host }, loading: ScriptedBackend()) { _, _ in }
    }
    #expect(error?.code == .addressUnavailable)
    #expect(error?.description.contains("--host") == true)
  }

  @Test func anAnswerInProgressIsFinishedWithinTheGracePeriod() async throws {
    let mayFinish = DispatchSemaphore(value: 0)
    let backend = SlowBackend(gate: mayFinish)
    try await withServer(.test { $0.shutdownGrace = .seconds(60) }, loading: backend) { port, server in
      while try await get(port, "/health").status != 200 {}
      var exchange = try await HTTPExchange(
        Connection(port: port), jsonRequest("/v1/chat/completions", ServerTests.stream))
      _ = try await exchange.chunk()
      await server.shutDown()
      // New connections are refused, or closed unserved, as soon as the listener is gone.
      while (try? await get(port, "/health").status) != nil {}
      mayFinish.signal()
      #expect(try await exchange.body().hasSuffix("data: [DONE]\n\n"))
    }
  }

  @Test func anAnswerThatOutlastsTheGracePeriodEndsWithAnError() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: .words("one")) }
    try await withServer(.test { $0.shutdownGrace = .milliseconds(1) }, loading: backend) { port, server in
      while try await get(port, "/health").status != 200 {}
      var exchange = try await HTTPExchange(
        Connection(port: port), jsonRequest("/v1/chat/completions", ServerTests.stream))
      _ = try await exchange.chunk()
      await server.shutDown()
      let last = try JSON(try #require(events(try await exchange.body()).last))
      #expect(last["error"]["code"].string == "shutting_down")
      await backend.untilCancelled()
    }
  }

  @Test func connectionsThatComeAsTheServerIsCancelledDoNoHarm() async throws {
    // NIO traps if a connection is dropped between its acceptance and its first use: fifty chances for it.
    for _ in 0..<50 {
      let server = CompletionServer(configuration: .test(), logger: .silent) { ScriptedBackend() }
      let running = Task { try await server.run() }
      let port = try #require(await server.listeningPort())
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { _ = try? await get(port, "/health") } }
        group.addTask { running.cancel() }
      }
      _ = await running.result
    }
  }
}
