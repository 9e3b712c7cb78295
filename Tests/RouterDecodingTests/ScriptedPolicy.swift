import RouterExit
import Synchronization

/// A policy that does what a test says and notes what it was asked.
final class ScriptedPolicy: ExitPolicy {
  /// One question, as it was put.
  struct Question: Sendable, Equatable {
    let depth: Int
    let tokenIndex: Int
    let hidden: [Float]
    let previousHidden: [Float]?
  }

  let name: String
  let exits: [Int]
  private let script: @Sendable (borrowing ExitObservation) -> ExitDecision
  private let asked = Mutex<[Question]>([])
  private let begun = Mutex<[Int]>([])

  init(
    _ name: String = "scripted", exits: [Int] = [1, 2, 3],
    _ script: @escaping @Sendable (borrowing ExitObservation) -> ExitDecision
  ) {
    self.name = name
    self.exits = exits
    self.script = script
  }

  /// Leaves at the depth that `depths` gives for a token's index.
  convenience init(depths: @escaping @Sendable (Int) -> Int) {
    self.init { $0.depth >= depths($0.tokenIndex) ? .exit(confidence: 0.5) : .proceed(confidence: 0.25) }
  }

  var questions: [Question] { asked.withLock { $0 } }
  /// Indices of the tokens that were announced.
  var tokens: [Int] { begun.withLock { $0 } }

  func makeDecider() -> any ExitDecider { Decider(policy: self) }

  private struct Decider: ExitDecider {
    let policy: ScriptedPolicy

    mutating func beginToken(_ tokenIndex: Int) { policy.begun.withLock { $0.append(tokenIndex) } }

    mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
      let question = Question(
        depth: observation.depth, tokenIndex: observation.tokenIndex, hidden: Array(observation.hidden),
        previousHidden: observation.previousHidden.map { Array($0) })
      policy.asked.withLock { $0.append(question) }
      return policy.script(observation)
    }
  }
}
