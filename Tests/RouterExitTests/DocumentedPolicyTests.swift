import Foundation
import RouterExit
import Testing

// The example of the article "Writing a policy of your own", verbatim: a test below compares the two.
// example begins
/// Exits when the top-two margin reaches a threshold at two consecutive exits.
struct SteadyMarginPolicy: ExitPolicy {
  let name = "steady-margin"
  let exits: [Int]
  let threshold: Float

  func makeDecider() -> any ExitDecider { SteadyMarginDecider(threshold: threshold) }
}

struct SteadyMarginDecider: ExitDecider {
  let threshold: Float
  var wasSure = false

  init(threshold: Float) { self.threshold = threshold }

  mutating func beginToken(_ tokenIndex: Int) {
    wasSure = false
  }

  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
    // Reading the logits costs one head; non-finite logits have no statistics.
    guard let statistics = SoftmaxStatistics(observation.logits) else {
      wasSure = false
      return .proceed(confidence: 0)
    }
    let isSure = statistics.margin >= threshold
    defer { wasSure = isSure }
    return isSure && wasSure
      ? .exit(confidence: statistics.margin) : .proceed(confidence: statistics.margin)
  }
}
// example ends

@Suite struct DocumentedPolicyTests {
  @Test func theArticleShowsThisCode() throws {
    let here = URL(filePath: #filePath)
    let article = try String(
      contentsOf: here.deletingLastPathComponent().appending(
        path: "../../Sources/RouterExit/RouterExit.docc/WritingAPolicyOfYourOwn.md"), encoding: .utf8)
    let source = try String(contentsOf: here, encoding: .utf8)
    let example = try #require(
      source.components(separatedBy: "// example begins\n").dropFirst().first?
        .components(separatedBy: "// example ends").first)
    #expect(example.count > 500)
    #expect(article.contains("```swift\nimport RouterExit\n\n\(example)```"))
  }

  @Test func exitsAtTheSecondSureExitInARow() {
    let policy: any ExitPolicy = SteadyMarginPolicy(exits: [9, 12, 15, 18], threshold: 0.5)
    var decider = policy.makeDecider()
    let sure: [Float] = [9, 0, 0]
    let torn: [Float] = [9, 9, 0]
    decider.beginToken(0)
    let decisions = zip(policy.exits, [sure, torn, sure, sure]).map { depth, logits in
      decider.decide(Scene(depth: depth, logits: logits)).decision.exits
    }
    #expect(decisions == [false, false, false, true])
    decider.beginToken(1)
    #expect(!decider.decide(Scene(logits: sure)).decision.exits)
    #expect(!decider.decide(Scene(logits: [.nan, 0])).decision.exits)
  }
}
