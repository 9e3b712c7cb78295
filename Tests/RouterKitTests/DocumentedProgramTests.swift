import Foundation
import RouterKit
import RouterTestSupport
import Testing

// The program of the article "Answering with exits", verbatim: a test below compares the two.
// example begins
/// Answers a question on the terminal, each token with the layers that it ran, and stops after a number of characters.
func answer(
  _ question: String, modelPath: String, policyPath: String, maximumLength: Int = 2000
) async throws -> String {
  let model = try LanguageModel.load(path: modelPath)
  // Throws if the policy was calibrated for other weights: its guarantee would not hold.
  let plan = try ExitPlan(PolicyFile(path: policyPath), for: model)
  let engine = InferenceEngine(model: model)

  let prompt = try model.encodeChat([ChatMessage(role: .user, content: question)])
  let request = GenerationRequest(
    prompt: prompt,
    maximumTokens: try model.limits.maximumTokens(behind: prompt, asked: nil, usual: 256),
    stopStrings: model.chatStopStrings, decoding: .exit(plan), continuesText: false)

  var text = ""
  reading: for try await event in try engine.submit(request) {
    switch event {
    case .token(let token):
      text += token.text
      print("\(token.text)[\(token.depth)]", terminator: "")
      // Whoever stops reading cancels the sequence; the engine goes on with others.
      if text.count >= maximumLength { break reading }
    case .finished(let summary):
      text += summary.trailingText
      print("\nmean depth \(summary.meanDepth) of \(model.layerCount), \(summary.finishReason.rawValue)")
    }
  }
  await engine.shutDown(grace: .seconds(5))
  return text
}
// example ends

@Suite struct DocumentedProgramTests {
  @Test func theArticleShowsThisCode() throws {
    let here = URL(filePath: #filePath)
    let article = try String(
      contentsOf: here.deletingLastPathComponent().appending(
        path: "../../Sources/RouterKit/RouterKit.docc/AnsweringWithExits.md"), encoding: .utf8)
    let source = try String(contentsOf: here, encoding: .utf8)
    let example = try #require(
      source.components(separatedBy: "// example begins\n").dropFirst().first?
        .components(separatedBy: "// example ends").first)
    #expect(example.count > 500)
    #expect(article.contains("```swift\nimport RouterKit\n\n\(example)```"))
  }

  /// The program on a model and a policy in files.
  private struct Site {
    let directory: TemporaryDirectory
    let model: LanguageModel
    var modelPath: String { directory.file("tiny.safetensors.zst") }
    var policyPath: String { directory.file("tiny.json") }

    init(modelSHA256: String? = nil) throws {
      directory = try TemporaryDirectory()
      let path = directory.file("tiny.safetensors.zst")
      try TinyChat.write(to: path)
      model = try LanguageModel.load(path: path)
      try PolicyFile(
        rule: .fixed(FixedDepthPolicy(name: "tiny", depth: 2)),
        provenance: PolicyProvenance(modelSHA256: modelSHA256 ?? model.fingerprint)
      ).write(to: policyPath)
    }
  }

  @Test func answersWithExits() async throws {
    let site = try Site()
    let text = try await answer("Hi", modelPath: site.modelPath, policyPath: site.policyPath)
    let prompt = try site.model.encodeChat([ChatMessage(role: .user, content: "Hi")])
    let plan = try ExitPlan(FixedDepthPolicy(depth: 2), for: site.model, keyValues: .propagate)
    let request = GenerationRequest(
      prompt: prompt, maximumTokens: site.model.contextLength - prompt.count,
      stopStrings: site.model.chatStopStrings, decoding: .exit(plan), continuesText: false)
    var expected = ""
    let engine = InferenceEngine(model: site.model)
    for try await event in try engine.submit(request) {
      switch event {
      case .token(let token): expected += token.text
      case .finished(let summary): expected += summary.trailingText
      }
    }
    await engine.shutDown(grace: .zero)
    #expect(!text.isEmpty && text == expected)
  }

  @Test func stoppingToReadCancels() async throws {
    let site = try Site()
    let text = try await answer(
      "Hi", modelPath: site.modelPath, policyPath: site.policyPath, maximumLength: 3)
    #expect(text.count == 3)
  }

  @Test func aPolicyOfAnotherModelIsRefused() async throws {
    let site = try Site(modelSHA256: String(repeating: "c", count: 64))
    let error = await #expect(throws: PolicyError.self) {
      try await answer("Hi", modelPath: site.modelPath, policyPath: site.policyPath)
    }
    #expect(error?.code == .modelMismatch)
  }
}
