import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Clients at a time: what they measure, and how a server is read.
@Suite(.timeLimit(.minutes(1)))
struct ClientLoadTests {
  @Test func percentilesAreOfTheNearestRank() {
    let values = (1...100).map(Double.init).shuffled()
    let found = Percentiles(values)
    #expect(found.p50 == 50 && found.p95 == 95 && found.p99 == 99)
    #expect(Percentiles([3]).p99 == 3 && Percentiles([]).p50 == 0)
  }

  /// Every way under every number of clients, and each answer whole.
  @Test func everyTargetIsMeasuredForEveryNumberOfClients() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make())
    let examples = (0..<5).map { PromptExample(user: "abc \($0)") }
    let load = ClientLoad(examples, maximumTokens: 12)
    let ways = [DecodingWay.full, DecodingWay(name: "verify", .verify())]
    var shares: [Double] = []
    let results = try await load.run(
      ways.map { EngineTarget(engine, $0) }, clients: [1, 4], repetitions: 2, progress: { shares.append($0) })
    #expect(results.map(\.target) == ["full", "verify", "full", "verify"])
    #expect(results.map(\.clients) == [1, 1, 4, 4])
    for result in results {
      // The tiny model never ends of its own accord.
      #expect(result.tokens == 2 * 12 * max(8, 3 * result.clients))
      #expect(result.tokensPerSecond.values.count == 2 && result.tokensPerSecond.minimum > 0)
      #expect(result.firstToken.p50 > 0 && result.firstToken.p50 <= result.firstToken.p99)
      #expect(result.betweenTokens.p50 <= result.betweenTokens.p99)
    }
    #expect(shares == shares.sorted() && shares.last == 1)
  }

  @Test func aLongPromptIsMeasuredAloneAndAmongAnswers() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(contextLength: 4000))
    let load = LongPromptLoad(
      [PromptExample(user: "abc")], long: PromptExample(user: String(repeating: "a", count: 3000)),
      promptTokens: 3000, maximumTokens: 500)
    // Of two tiny answers one may end before the other begins.
    let result = try await load.run(EngineTarget(engine, .full), clients: 1, repetitions: 1)
    #expect(result.clients == 1 && result.promptTokens == 3000 && result.without.p50 > 0)
    #expect(result.firstTokenAlone.median > 0 && result.firstTokenBeside.median > 0)
  }

  /// An answer in chunks that are cut anywhere, byte by byte.
  @Test func aServersStreamIsReadHoweverItIsCut() async throws {
    let server = try ScriptedServer { path in
      let body =
        path == "/v1/models"
        ? #"{"object": "list", "data": [{"id": "m"}]}"#
        : """
        data: {"choices": [{"delta": {"role": "assistant"}}]}\n
        data: {"choices": [{"delta": {"content": "one"}}]}\n
        : silence\n
        data: {"choices": [{"delta": {"content": " two"}}]}\n
        data: {"choices": [], "usage": {"completion_tokens": 5}}\n
        data: [DONE]\n\n
        """
      let bytes = Array(body.utf8)
      let chunks = stride(from: 0, to: bytes.count, by: 7).map { start in
        let part = bytes[start..<min(start + 7, bytes.count)]
        return String(part.count, radix: 16) + "\r\n" + String(decoding: part, as: UTF8.self) + "\r\n"
      }
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.joined() + "0\r\n\r\n"
    }
    let target = try ServerTarget(url: "http://127.0.0.1:\(server.port)")
    let times = try await target.answer(PromptExample(user: "hello"), maximumTokens: 9)
    #expect(times.arrivals.count == 2 && times.tokenCount == 5)
    #expect(times.firstToken.map { $0 > 0 } == true && times.gaps.count == 1)
  }

  @Test func aServersRefusalIsTold() async throws {
    let server = try ScriptedServer { path in
      path == "/v1/models"
        ? "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"data\": [{\"id\": \"m\"}]}\n"
        : "HTTP/1.1 429 Too Many Requests\r\n\r\nno room"
    }
    let target = try ServerTarget(url: "http://127.0.0.1:\(server.port)")
    let error = await #expect(throws: EvaluationError.self) {
      try await target.answer(PromptExample(user: "hello"), maximumTokens: 9)
    }
    #expect(error?.what.contains("429") == true && error?.what.contains("no room") == true)
    #expect(throws: EvaluationError.self) { try ServerTarget(url: "https://127.0.0.1:1") }
    #expect(throws: EvaluationError.self) { try ServerTarget(url: "http://127.0.0.1:1") }
  }
}

/// A server on a port of its own that answers each request with what a script says for its path, byte by byte.
private final class ScriptedServer: Sendable {
  let port: Int
  private let listener: Int32

  init(_ script: @escaping @Sendable (String) -> String) throws {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    let listener = socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    try #require(isBound)
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        var request = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(client, &request, request.count, 0)
        let words = String(decoding: request.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        for byte in script(words.count > 1 ? String(words[1]) : "").utf8 {
          _ = withUnsafeBytes(of: byte) { send(client, $0.baseAddress, 1, 0) }
        }
        close(client)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}
