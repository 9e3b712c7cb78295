import RouterExit
import RouterPictures

/// What a calibration promises, in words.
struct ReportGuarantee {
  let findings: CalibrationFindings

  init(_ findings: CalibrationFindings) { self.findings = findings }

  /// One paragraph.
  var text: String {
    guard let guarantee = findings.policy.guarantee else { return withoutGuarantee }
    let cache = findings.policy.decoder.keyValues == .exact ? "exact" : "propagated"
    return "\(loss(guarantee)) This is wrong with a probability of at most "
      + "\(Figure.percent(guarantee.delta)) over the draw of the \(guarantee.prompts) prompts that certified it. "
      + "It holds for greedy answers of at most \(guarantee.maximumTokens) tokens to prompts of the same kind, "
      + "with this model and \(cache) keys and values; it says nothing about others."
  }

  private func loss(_ guarantee: PolicyGuarantee) -> String {
    let most = Figure.percent(guarantee.risk)
    switch guarantee.metric {
    case "disagreement":
      return "On average over prompts, at most \(most) of an answer's tokens differ from what all "
        + "\(findings.layerCount) layers would have chosen after the same tokens."
    case "rouge-l":
      return "On average over prompts, 1 - ROUGE-L between an answer and full depth's is at most "
        + "\(Figure.short(guarantee.risk))."
    case "exact-match":
      return "At most \(most) of the questions are answered rightly by full depth and wrongly by the policy."
    default:
      return "The expected \(guarantee.metric) per prompt is at most \(Figure.short(guarantee.risk))."
    }
  }

  private var withoutGuarantee: String {
    if let risk = findings.policy.measured?.risk {
      return
        "This policy was chosen for what it costs, and promises no loss. Its expected \(risk.metric) per prompt "
        + "lies between \(Figure.percent(risk.low)) and \(Figure.percent(risk.high)) with "
        + "\(Figure.percent(risk.confidence)) confidence."
    }
    let asked = findings.risk.map { " of at most \(Figure.percent($0))" } ?? ""
    return findings.policy.notes
      ?? "No point was certified for an expected \(findings.metric)\(asked), so every token runs all "
      + "\(findings.layerCount) layers."
  }
}
