/// What clients put their prompts to.
package protocol LoadTarget: Sendable {
  /// Such as `verify`, or a server's address.
  var name: String { get }

  /// Has a prompt answered, greedily, and notes when tokens arrive.
  func answer(_ example: PromptExample, maximumTokens: Int) async throws -> AnswerTimes
}
