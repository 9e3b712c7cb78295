import ArgumentParser
import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTokenizer

// `router bench --clients`
extension BenchCommand {
  /// Puts this engine, in each way of decoding, and other servers under the load of several clients, in turn.
  func runClients(_ counts: [Int]) async throws {
    let examples = try data.flatMap { try Dataset(path: $0, limit: rows).examples }
    var targets: [any LoadTarget] = []
    if !serversOnly {
      let language = try subject.modelOptions().load()
      let engine = InferenceEngine(model: language, sequences: counts.max() ?? 1, sharesPrefixes: false)
      targets += try clientWays(for: language).map { EngineTarget(engine, $0) }
    }
    targets += try againstServer.map { try ServerTarget(url: $0) }
    let bar = ProgressBar("Answering")
    defer { bar.finish() }
    if let stepSeconds {
      let load = SteppedLoad(
        examples, maximumTokens: tokens, steps: counts, duration: .seconds(stepSeconds))
      let results = try await load.run(targets, repetitions: repetitions, progress: { bar.update($0) })
      bar.finish()
      return try reportSteps(results, seconds: stepSeconds)
    }
    let load = ClientLoad(examples, maximumTokens: tokens)
    let results = try await load.run(
      targets, clients: counts, repetitions: repetitions, progress: { bar.update($0) })
    var long: [LongPromptLoad.Result] = []
    if let longPrompt {
      let load = LongPromptLoad(
        examples, long: Self.longExample(tokens: longPrompt, from: examples), promptTokens: longPrompt,
        maximumTokens: max(256, tokens))
      for target in targets {
        long.append(try await load.run(target, clients: counts.max() ?? 1, repetitions: repetitions))
      }
    }
    let report = ClientsReport(loads: results, longPrompts: long)
    bar.finish()
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  /// Full depth, verified, each policy as it was calibrated, and whichever of all that is certified load chooses.
  private func clientWays(for language: LanguageModel) throws -> [DecodingWay] {
    var ways = [DecodingWay.full, DecodingWay(name: "verify", .verify())]
    var alternatives = [Decoding.full, .verify()]
    for name in policy {
      let file = try PolicyLocator.standard.load(name)
      let plan = try ExitPlan(file, for: language, allowMismatch: allowMismatch)
      ways.append(DecodingWay(name: "exit \(file.name)", .exit(plan)))
      alternatives += plan.certifiedPath.map(Decoding.exit)
    }
    return ways + [DecodingWay(name: "auto", fastestOf: alternatives)]
  }

  private func reportSteps(_ results: [SteppedLoad.Result], seconds: Int) throws {
    if let report {
      let page = SteppedLoadPage(results, seconds: Double(seconds)).html
      try Data(page.utf8).write(to: URL(fileURLWithPath: report), options: .atomic)
    }
    if output.json { return try OutputOptions.printJSON(results) }
    let counts = results.first?.clients ?? []
    var table = TextTable(
      ["target"] + counts.map { "\($0) clients" } + ["all"], numeric: Set(1...counts.count + 1))
    for result in results {
      table.add(
        [result.target] + (result.tokensPerSecond + [result.overall]).map { BenchReport.spread($0, 1) })
    }
    table.printLines()
  }

  /// A prompt of about so many tokens: rows, one after the other, at some four characters a token.
  private static func longExample(tokens: Int, from examples: [PromptExample]) -> PromptExample {
    var text = "Summarise these requests in one sentence.\n\n"
    var index = 0
    while text.utf8.count < tokens * 4 {
      text += examples[index % examples.count].messages.map(\.content).joined(separator: "\n") + "\n\n"
      index += 1
    }
    return PromptExample(user: text)
  }
}
