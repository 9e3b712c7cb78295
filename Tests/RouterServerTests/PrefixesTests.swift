import RouterDecoding
import RouterServer
import Testing

/// `/v1/prefixes`.
struct PrefixesTests {
  private static let path = "/v1/prefixes"

  @Test func prefixesAreKeptListedAndDeleted() async throws {
    let keeper = ScriptedKeeper()
    try await withServer(ScriptedBackend(prefixes: keeper)) { port in
      let empty = try await get(port, Self.path)
      #expect(empty.status == 200 && empty.body == #"{"data":[],"object":"list"}"#)
      let made = try await post(
        port, Self.path, #"{"name": "b", "messages": [{"role": "system", "content": "Be brief."}]}"#)
      #expect(made.status == 200)
      #expect(
        made.body == #"{"created":1700000000,"name":"b","object":"prefix","pages":1,"tokens":18}"#)
      _ = try await post(port, Self.path, #"{"name": "a.1", "model": "tiny", "prompt": "Once upon a time"}"#)
      _ = try await post(port, Self.path, #"{"name": "t", "prompt": [1, 2, 3]}"#)
      let list = try await get(port, Self.path).json["data"].array
      #expect(list.map { $0["name"].string } == ["a.1", "b", "t"])
      let one = try await get(port, Self.path + "/a%2E1")
      #expect(try one.status == 200 && one.json["tokens"].int == 16)
      let gone = try await exchange(port, request("DELETE", Self.path + "/b"))
      #expect(gone.status == 200 && gone.body == #"{"deleted":true,"name":"b","object":"prefix"}"#)
      for method in ["GET", "DELETE"] {
        let missing = try await exchange(port, request(method, Self.path + "/b"))
        #expect(try missing.status == 404 && missing.json["error"]["code"].string == "prefix_not_found")
      }
    }
    #expect(keeper.tokens["a.1"] == "Once upon a time".utf8.map(Int32.init))
    #expect(keeper.tokens["t"] == [1, 2, 3] && keeper.tokens["b"] == nil)
  }

  @Test func withoutAFileTheRemedyIsNamed() async throws {
    try await withServer(ScriptedBackend()) { port in
      for reply in [
        try await get(port, Self.path), try await get(port, Self.path + "/a"),
        try await post(port, Self.path, #"{"name": "a", "prompt": "x"}"#),
        try await exchange(port, request("DELETE", Self.path + "/a")),
      ] {
        #expect(reply.status == 400)
        #expect(try reply.json["error"]["code"].string == "prefixes_disabled")
        #expect(try reply.json["error"]["message"].string?.contains("--prefix-file") == true)
      }
    }
  }

  @Test(arguments: [
    (#"{"prompt": "x"}"#, "name", "missing_required_parameter"),
    (#"{"name": 7, "prompt": "x"}"#, "name", "invalid_type"),
    (#"{"name": "a"}"#, "messages", "missing_required_parameter"),
    (#"{"name": "a", "prompt": "x", "messages": []}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "messages": []}"#, "messages", "invalid_value"),
    (
      #"{"name": "a", "messages": [{"role": "wizard", "content": "x"}]}"#, "messages[0].role", "invalid_value"
    ),
    (#"{"name": "a", "messages": [{"role": "user"}]}"#, "messages[0].content", "missing_required_parameter"),
    (#"{"name": "a", "prompt": ["x", "y"]}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "prompt": []}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "prompt": ""}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "prompt": [1000]}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "prompt": [-1]}"#, "prompt", "invalid_value"),
    (#"{"name": "a", "prompt": {"a": 1}}"#, "prompt", "invalid_type"),
    (#"{"name": "a", "prompt": "x", "cache_salt": "s"}"#, "cache_salt", "unknown_parameter"),
    (
      #"{"name": "a", "prompt": "\#(String(repeating: "x", count: 256))"}"#, "prompt",
      "context_length_exceeded"
    ),
  ])
  func aBadBodyIsRefused(body: String, parameter: String, code: String) async throws {
    let keeper = ScriptedKeeper()
    let reply = try await withServer(ScriptedBackend(prefixes: keeper)) { port in
      try await post(port, Self.path, body)
    }
    #expect(reply.status == 400 && keeper.tokens.isEmpty)
    #expect(try reply.json["error"]["param"].string == parameter)
    #expect(try reply.json["error"]["code"].string == code)
  }

  @Test func otherModelsMethodsAndTypesAreRefused() async throws {
    try await withServer(ScriptedBackend(prefixes: ScriptedKeeper())) { port in
      let model = try await post(port, Self.path, #"{"name": "a", "prompt": "x", "model": "gpt-4"}"#)
      #expect(try model.status == 404 && model.json["error"]["code"].string == "model_not_found")
      let put = try await exchange(port, request("PUT", Self.path))
      #expect(put.status == 405 && put.headers["allow"] == "GET, HEAD, POST")
      let post = try await exchange(port, jsonRequest(Self.path + "/a", "{}"))
      #expect(post.status == 405 && post.headers["allow"] == "GET, HEAD, DELETE")
      let plain = try await exchange(port, request("POST", Self.path, body: Array("{}".utf8)))
      #expect(plain.status == 415)
    }
  }

  /// What the keeper says reaches the client, but for paths of the server.
  @Test(arguments: [
    (PrefixError.Code.invalidName, 400, "invalid_value"), (.tooShort, 400, "prefix_too_short"),
    (.tooLarge, 400, "prefix_too_large"), (.noSpace, 507, "insufficient_storage"),
    (.storageFailure, 500, "storage_failed"),
  ])
  func failuresAreTold(code: PrefixError.Code, status: Int, name: String) async throws {
    let keeper = ScriptedKeeper(
      failure: PrefixError(code, "it did not work", at: "/secret/file", remedy: "Do something."))
    let reply = try await withServer(ScriptedBackend(prefixes: keeper)) { port in
      try await post(port, Self.path, #"{"name": "a", "prompt": "x"}"#)
    }
    #expect(reply.status == status && !reply.body.contains("secret"))
    #expect(try reply.json["error"]["code"].string == name)
    #expect(try reply.json["error"]["message"].string == "It did not work. Do something.")
  }

  @Test func metricsTellWhatIsKept() async throws {
    let body = try await withServer(ScriptedBackend(prefixes: ScriptedKeeper())) { port in
      _ = try await post(port, Self.path, #"{"name": "a", "prompt": "x"}"#)
      _ = try await get(port, Self.path + "/a")
      return try await get(port, "/metrics").body
    }
    let lines = body.split(separator: "\n").map(String.init)
    for expected in [
      "router_kept_prefixes 1", "router_kept_prefix_pages 1", "router_kept_prefix_pages_limit 9",
      "# HELP router_kept_prefixes Named prefixes that are kept in memory and in the prefix file.",
      #"router_requests_total{endpoint="/v1/prefixes",status="200"} 1"#,
      #"router_requests_total{endpoint="/v1/prefixes/**",status="200"} 1"#,
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
  }
}
