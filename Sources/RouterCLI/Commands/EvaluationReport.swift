import RouterEvaluation

/// What `router evaluate` found.
struct EvaluationReport: Encodable {
  let model: String
  let fingerprint: String
  let hasAdapters: Bool
  let layers: Int
  let forced: ForcedReport
  let answers: [AnswerReport]?
  let similarity: SimilarityReport?
  let exported: PandaLMExport.Files?

  private enum CodingKeys: String, CodingKey {
    case model, fingerprint, layers, answers, similarity, exported
    case hasAdapters = "exit_adapters"
    case forced = "teacher_forced"
  }

  func print() {
    printForced()
    if let answers { Self.printAnswers(answers) }
    if let exported {
      Swift.print("\nwrote \(([exported.prompts] + exported.candidates).joined(separator: ", "))")
    }
  }

  private func printForced() {
    let adapters = hasAdapters ? "with exit adapters" : "no exit adapters"
    Swift.print(
      "\(model), \(adapters): \(forced.tokens) tokens of \(forced.prompts) answers, 95 % intervals")
    if forced.skippedRows > 0 {
      Swift.print("\(forced.skippedRows) rows left out: without an answer, or too long")
    }
    if forced.cutTokens > 0 { Swift.print("\(forced.cutTokens) tokens of long answers cut off") }
    let comparesOriginal = forced.originalOracleDepth != nil
    var table = TextTable(
      ["exit", "agreement", "", "cross-entropy", ""] + (comparesOriginal ? ["with the original", ""] : []),
      numeric: [0, 1, 3, 5])
    for exit in forced.exits {
      table.add(
        [
          "\(exit.depth)", "\(String.fixed(exit.agreement.mean * 100, 1)) %",
          Self.range(exit.agreement, scale: 100, decimals: 1), .fixed(exit.crossEntropy.mean, 3),
          Self.range(exit.crossEntropy, scale: 1, decimals: 3),
        ]
          + (exit.originalAgreement.map {
            ["\(String.fixed($0.mean * 100, 1)) %", Self.range($0, scale: 100, decimals: 1)]
          } ?? []))
    }
    table.printLines()
    let originals = forced.originalOracleDepth.map { ", with the original \(String.fixed($0, 2))" } ?? ""
    Swift.print("oracle depth \(String.fixed(forced.oracleDepth, 2))\(originals) of \(layers)")
    for policy in forced.policies {
      let risks = policy.meanDepthAtRisk.keys.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
      let depths = risks.map { risk in
        let percent = String.fixed((Double(risk) ?? 0) * 100, 0)
        return "\(String.fixed(policy.meanDepthAtRisk[risk] ?? 0, 2)) at \(percent) %"
      }
      Swift.print("least mean depth by \(policy.estimator): \(depths.joined(separator: ", "))")
    }
  }

  private static func printAnswers(_ answers: [AnswerReport]) {
    var table = TextTable(
      ["answers by", "exact match", "", "ROUGE-L", "", "mean depth", "tokens"], numeric: [1, 3, 5, 6])
    for answer in answers {
      table.add([
        answer.subject, answer.exactMatch.map { "\(String.fixed($0.mean * 100, 1)) %" } ?? "-",
        answer.exactMatch.map { range($0, scale: 100, decimals: 1) } ?? "", .fixed(answer.rougeL.mean, 3),
        range(answer.rougeL, scale: 1, decimals: 3), .fixed(answer.meanDepth.mean, 2),
        .fixed(answer.meanTokens, 1),
      ])
    }
    Swift.print("")
    table.printLines()
  }

  private static func range(_ interval: Interval, scale: Double, decimals: Int) -> String {
    "\(String.fixed(interval.low * scale, decimals))...\(String.fixed(interval.high * scale, decimals))"
  }
}
