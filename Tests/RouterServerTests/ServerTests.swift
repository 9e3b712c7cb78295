import RouterDecoding
import RouterServer
import Synchronization
import Testing

/// The server over real connections.
struct ServerTests {
  static let hello = #"{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]}"#
  static let stream =
    #"{"messages": [{"role": "user", "content": "Hi"}], "stream": true, "stream_options": {"include_usage": true}}"#

  @Test func chatAnswersWhole() async throws {
    let reply = try await withServer(ScriptedBackend()) { port in
      try await post(port, "/v1/chat/completions", Self.hello)
    }
    #expect(reply.status == 200)
    #expect(reply.headers["content-type"] == "application/json")
    #expect(try reply.json["choices"][0]["message"]["content"].string == "Hello there.")
    #expect(try reply.json["choices"][0]["router"]["exits"].ints == [9, 21])
    #expect(try reply.json["usage"]["mean_depth"].double == 15)
  }

  @Test func chatAnswersInAStream() async throws {
    let reply = try await withServer(ScriptedBackend()) { port in
      try await post(port, "/v1/chat/completions", Self.stream)
    }
    #expect(reply.status == 200)
    #expect(reply.headers["content-type"] == "text/event-stream; charset=utf-8")
    let events = events(reply.body)
    #expect(events.last == "[DONE]")
    let chunks = try events.dropLast().map { try JSON($0) }
    #expect(chunks.compactMap { $0["choices"][0]["delta"]["content"].string }.joined() == "Hello there.")
    #expect(chunks.flatMap { $0["choices"][0]["router"]["exits"].ints ?? [] } == [9, 21])
    #expect(chunks.last?["usage"]["total_tokens"].int == 9)
  }

  @Test func plainCompletionsAnswerBothWays() async throws {
    let (whole, streamed) = try await withServer(ScriptedBackend()) { port in
      (
        try await post(port, "/v1/completions", #"{"prompt": ["a", "b"], "echo": true}"#),
        try await post(port, "/v1/completions", #"{"prompt": "a", "echo": true, "stream": true}"#)
      )
    }
    #expect(try whole.json["choices"].array.map { $0["text"].string } == ["aHello there.", "bHello there."])
    #expect(try whole.json["choices"].array.map { $0["index"].int } == [0, 1])
    let text = try events(streamed.body).dropLast().compactMap { try JSON($0)["choices"][0]["text"].string }
    #expect(text.joined() == "aHello there.")
  }

  @Test func choicesOfAStreamAreToldApart() async throws {
    let backend = ScriptedBackend { index, request in .play(.answer(index == 0 ? "a b" : "c d e", request)) }
    let body = #"{"messages": [{"role": "user", "content": "Hi"}], "stream": true, "n": 2}"#
    let reply = try await withServer(backend) { port in try await post(port, "/v1/chat/completions", body) }
    var texts = ["", ""]
    var ends = 0
    for chunk in try events(reply.body).dropLast().map({ try JSON($0)["choices"][0] }) {
      texts[try #require(chunk["index"].int)] += chunk["delta"]["content"].string ?? ""
      if chunk["finish_reason"].string == "stop" { ends += 1 }
    }
    #expect(texts == ["a b", "c d e"])
    #expect(ends == 2)
  }

  @Test func eachTokenLeavesAtOnce() async throws {
    // The sequence never ends: what arrives cannot have waited for the end.
    let backend = ScriptedBackend { _, _ in .hang(after: .words("one two")) }
    try await withServer(backend) { port in
      let bytes = jsonRequest("/v1/chat/completions", Self.stream)
      var exchange = try await HTTPExchange(Connection(port: port), bytes)
      for expected in ["", "one", " two"] {
        let chunk = try #require(await exchange.chunk())
        #expect(try JSON(events(chunk)[0])["choices"][0]["delta"]["content"].string == expected)
      }
      exchange.connection.hangUp()
      await backend.untilCancelled()
    }
  }

  @Test func aClientThatLeavesInMidStreamCancelsTheSequence() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: .words("one")) }
    try await withServer(backend) { port in
      let bytes = jsonRequest("/v1/chat/completions", Self.stream)
      var exchange = try await HTTPExchange(Connection(port: port), bytes)
      _ = try await exchange.chunk()
      exchange.connection.hangUp()
      await backend.untilCancelled()
    }
  }

  @Test func aClientThatLeavesWhileWaitingCancelsTheSequence() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    try await withServer(backend) { port in
      let connection = try Connection(port: port)
      try await connection.send(jsonRequest("/v1/chat/completions", Self.hello))
      while backend.requests.isEmpty { await Task.yield() }
      connection.hangUp()
      await backend.untilCancelled()
    }
  }

  @Test func silenceInAStreamIsFilledWithComments() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    try await withServer(backend, .test { $0.keepAliveInterval = .milliseconds(5) }) { port in
      var exchange = try await HTTPExchange(
        Connection(port: port), jsonRequest("/v1/chat/completions", Self.stream))
      var chunk = try await exchange.chunk()
      #expect(chunk?.hasPrefix("data: ") == true)
      chunk = try await exchange.chunk()
      #expect(chunk == ": keep-alive\n\n")
    }
  }

  @Test func anErrorInMidStreamIsAnEvent() async throws {
    let failure = GenerationError(.internalFailure, "secret detail", remedy: "")
    let backend = ScriptedBackend { _, _ in .fail(after: .words("one"), failure) }
    let reply = try await withServer(backend) { port in
      try await post(port, "/v1/chat/completions", Self.stream)
    }
    let last = try JSON(try #require(events(reply.body).last))
    #expect(last["error"]["type"].string == "server_error")
    #expect(last["error"]["code"].string == "internal_error")
    #expect(reply.body.contains("secret") == false)
  }

  @Test func anErrorBeforeAWholeAnswerIsAPlain500() async throws {
    struct Secret: Error {}
    let backend = ScriptedBackend { _, _ in .fail(after: .words("one"), Secret()) }
    let reply = try await withServer(backend) { port in
      try await post(port, "/v1/chat/completions", Self.hello)
    }
    #expect(reply.status == 500)
    #expect(try reply.json["error"]["code"].string == "internal_error")
    #expect(reply.body.contains("Secret") == false)
  }

  @Test func aFullQueueIs429WithATimeToRetry() async throws {
    let full = GenerationError(.overloaded, "the queue is full", remedy: "Try again later.")
    // The second choice does not fit any more: the first one must not go on.
    let backend = ScriptedBackend { index, _ in index == 0 ? .hang(after: []) : .refuse(full) }
    let body = #"{"messages": [{"role": "user", "content": "Hi"}], "stream": true, "n": 2}"#
    let reply = try await withServer(backend) { port in
      let reply = try await post(port, "/v1/chat/completions", body)
      return reply
    }
    #expect(reply.status == 429)
    #expect(reply.headers["retry-after"] == "1")
    #expect(try reply.json["error"]["type"].string == "rate_limit_error")
  }

  @Test func aTimeoutIs504() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    let reply = try await withServer(backend, .test { $0.requestTimeout = .milliseconds(1) }) { port in
      try await post(port, "/v1/chat/completions", Self.hello)
    }
    #expect(reply.status == 504)
  }

  @Test func modelsAreListedUnderAllNames() async throws {
    let backend = ScriptedBackend(policies: .make(default: "entropy"))
    let (list, one, alias, missing) = try await withServer(backend, .test { $0.modelAliases = ["org/alias"] })
    {
      port in
      (
        try await get(port, "/v1/models"), try await get(port, "/v1/models/tiny"),
        try await get(port, "/v1/models/org%2Falias"), try await get(port, "/v1/models/gpt-4")
      )
    }
    #expect(try list.json["object"].string == "list")
    #expect(try list.json["data"].array.map { $0["id"].string } == ["tiny", "org/alias"])
    #expect(try one.json["id"].string == "tiny")
    #expect(try one.json["object"].string == "model")
    #expect(try one.json["created"].int == 1_700_000_000)
    #expect(try one.json["router"]["exits"].ints == [9, 15, 21, 30])
    #expect(try one.json["router"]["policies"].strings == ["entropy", "margin"])
    #expect(try one.json["router"]["default_policy"].string == "entropy")
    #expect(try alias.json["id"].string == "org/alias")
    #expect(missing.status == 404)
    #expect(try missing.json["error"]["code"].string == "model_not_found")
  }

  @Test func errorsHaveOpenAIsForm() async throws {
    let reply = try await withServer(ScriptedBackend()) { port in
      try await post(
        port, "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "Hi"}], "n": 0}"#)
    }
    #expect(reply.status == 400)
    #expect(reply.headers["content-type"] == "application/json")
    let error = try reply.json["error"]
    #expect(error.keys == ["message", "type", "param", "code"])
    #expect(error["type"].string == "invalid_request_error")
    #expect(error["param"].string == "n")
    #expect(error["code"].string == "invalid_value")
  }

  @Test func unknownPathsAndMethodsAreRefused() async throws {
    let (nowhere, wrongMethod, head) = try await withServer(ScriptedBackend()) { port in
      (
        try await get(port, "/v1/embeddings"), try await get(port, "/v1/chat/completions"),
        try await HTTPExchange(Connection(port: port), request("HEAD", "/health")).status
      )
    }
    #expect(nowhere.status == 404)
    #expect(try nowhere.json["error"]["code"].string == "not_found")
    #expect(wrongMethod.status == 405)
    #expect(wrongMethod.headers["allow"] == "POST")
    #expect(head == 200)
  }

  @Test func largeBodiesAreRefusedWhetherAnnouncedOrNot() async throws {
    let (announced, chunked) = try await withServer(ScriptedBackend(), .test { $0.maximumBodyBytes = 100 }) {
      port in
      let chunk = String(repeating: "x", count: 0x80)
      let body = "80\r\n\(chunk)\r\n0\r\n\r\n"
      let head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      return (
        try await post(port, "/v1/completions", String(repeating: " ", count: 101)),
        try await exchange(port, Array("\(head)Transfer-Encoding: chunked\r\n\r\n\(body)".utf8))
      )
    }
    for reply in [announced, chunked] {
      #expect(reply.status == 413)
      #expect(try reply.json["error"]["code"].string == "request_too_large")
    }
  }

  @Test(arguments: [nil, "text/plain", "application/x-www-form-urlencoded"])
  func bodiesThatAreNotDeclaredAsJSONAreRefused(type: String?) async throws {
    let reply = try await withServer(ScriptedBackend()) { port in
      try await exchange(
        port,
        request(
          "POST", "/v1/chat/completions", headers: type.map { ["Content-Type": $0] } ?? [:],
          body: Array(Self.hello.utf8)))
    }
    #expect(reply.status == 415)
  }

  @Test func requestsKeepTheirIdentifier() async throws {
    let (own, generated, hostile) = try await withServer(ScriptedBackend()) { port in
      (
        try await exchange(port, request("GET", "/v1/models", headers: ["X-Request-ID": "abc-1"])),
        try await get(port, "/v1/models"),
        try await exchange(port, request("GET", "/v1/models", headers: ["X-Request-ID": "a b=\"c\""]))
      )
    }
    #expect(own.headers["x-request-id"] == "abc-1")
    #expect(generated.headers["x-request-id"]?.count == 24)
    #expect(hostile.headers["x-request-id"]?.count == 24)
  }

  @Test func aConnectionServesOneRequestAfterAnother() async throws {
    try await withServer(ScriptedBackend()) { port in
      let connection = try Connection(port: port)
      for body in [Self.stream, Self.hello, "{", Self.stream] {
        var exchange = try await HTTPExchange(connection, jsonRequest("/v1/chat/completions", body))
        #expect(exchange.status == (body == "{" ? 400 : 200))
        #expect(try await exchange.body().isEmpty == false)
      }
    }
  }

  @Test(arguments: ["ZZ\r\n", "5\r\n{"])
  func aBrokenBodyIs400AndEndsTheConnection(body: String) async throws {
    let head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    try await withServer(ScriptedBackend()) { port in
      let connection = try Connection(port: port)
      try await connection.send(Array("\(head)Transfer-Encoding: chunked\r\n\r\n\(body)".utf8))
      connection.finishSending()
      var reply = ""
      while case let bytes = try await connection.receive(), bytes.isEmpty == false {
        reply += String(decoding: bytes, as: UTF8.self)
      }
      #expect(reply.hasPrefix("HTTP/1.1 400 "))
    }
  }
}
