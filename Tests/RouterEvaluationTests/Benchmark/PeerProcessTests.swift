import RouterEvaluation
import Testing

struct PeerProcessTests {
  @Test func answersComeInTurn() throws {
    let peer = try PeerProcess(
      command:
        #"while read name; do echo "{\"name\": \"$name\", \"engine\": \"sh\", \"tokens_per_second\": 4}"; done"#
    )
    for name in ["pp32", "tg8@0", "pp32"] {
      let answer = try peer.measure(name)
      #expect(answer.name == name && answer.engine == "sh" && answer.tokensPerSecond == 4)
    }
  }

  @Test func aMeasurementMayBeSkipped() throws {
    let peer = try PeerProcess(
      command: #"read name; echo "{\"name\": \"$name\", \"skipped\": \"no\"}"; read x"#)
    #expect(try peer.measure("pp32").skipped == "no")
  }

  @Test func loadingMayBeAnsweredInSeconds() throws {
    let peer = try PeerProcess(command: #"read name; echo '{"name": "load", "seconds": 0.5}'; read x"#)
    #expect(try peer.measure("load").seconds == 0.5)
  }

  @Test(
    arguments: [
      "exit 3", "true", "read x; echo no JSON; read x",
      #"read x; echo '{"name": "other", "seconds": 1}'; read x"#,
      #"read x; echo '{"name": "pp32"}'; read x"#,
      #"read x; echo '{"name": "pp32", "tokens_per_second": 0}'; read x"#,
      #"read x; echo '{"name": "pp32", "tokens_per_second": -1}'; read x"#, "router-has-no-such-command",
    ])
  func whatBreaksTheContractIsAnError(_ command: String) throws {
    let peer = try PeerProcess(command: "(\(command)) 2>/dev/null")
    let error = #expect(throws: EvaluationError.self) { try peer.measure("pp32") }
    #expect(error?.code == .peerFailed)
  }
}
