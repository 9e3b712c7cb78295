import RouterDecoding
import RouterServer
import Testing

/// `GET /metrics`.
struct MetricsTests {
  @Test func requestsAndTokensAreCounted() async throws {
    var counters = HeadScreenCounters()
    (counters.screened, counters.fallbacks) = (12, 3)
    (counters.rescoredRows, counters.byteCount) = (480, 9000)
    let (reply, again) = try await withServer(ScriptedBackend(headScreen: counters)) { port in
      _ = try await post(port, "/v1/chat/completions", ServerTests.hello)
      _ = try await post(port, "/v1/chat/completions", "{")
      return (try await get(port, "/metrics"), try await get(port, "/metrics"))
    }
    #expect(reply.status == 200)
    #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let lines = reply.body.split(separator: "\n").map(String.init)
    for expected in [
      "# TYPE router_requests_total counter",
      #"router_requests_total{endpoint="/v1/chat/completions",status="200"} 1"#,
      #"router_requests_total{endpoint="/v1/chat/completions",status="400"} 1"#,
      "router_completion_tokens_total 2", "# TYPE router_depth histogram",
      // The scripted answer's two tokens left at 9 and 21: 15 layers each.
      #"router_depth_bucket{le="12"} 0"#, #"router_depth_bucket{le="16"} 1"#,
      #"router_depth_bucket{le="+Inf"} 1"#, "router_depth_sum 15", "router_depth_count 1",
      #"router_prefill_seconds_bucket{le="0.25"} 1"#,
      "# HELP router_sequences Sequences that are decoded, and that wait.", "# TYPE router_sequences gauge",
      "vllm:num_requests_waiting 2", "router_time_to_first_token_seconds_count 1",
      "router_time_between_tokens_seconds_count 1", #"router_sequences{state="queued"} 2"#,
      #"router_head_screen_tokens_total{result="screened"} 12"#,
      #"router_head_screen_tokens_total{result="fallback"} 3"#,
      "router_head_screen_rescored_rows_total 480", "router_head_screen_bytes 9000",
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
    // Looking does not add up.
    #expect(again.body.contains(#"router_head_screen_tokens_total{result="screened"} 12"#))
    // Every line is a comment or a series and a number.
    for line in lines where !line.hasPrefix("# ") {
      #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
    }
  }

  /// What clients put into paths does not become a series of its own.
  @Test func unknownPathsAreOneEndpoint() async throws {
    let body = try await withServer(ScriptedBackend()) { port in
      for path in ["/a", "/b\"c"] { _ = try? await get(port, path) }
      return try await get(port, "/metrics").body
    }
    #expect(body.contains(#"router_requests_total{endpoint="other",status="404"}"#))
    #expect(!body.contains("/a\""))
  }
}
