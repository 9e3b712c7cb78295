import RouterExit
import RouterPictures

/// The report of a calibration, a page.
package struct CalibrationPage: Sendable {
  let findings: CalibrationFindings

  /// Prepares the report.
  package init(_ findings: CalibrationFindings) { self.findings = findings }

  /// The file.
  package var html: String {
    HTMLPage(
      title: "Calibration of \(findings.policy.name) for \(findings.modelName)",
      exitCount: findings.exits.count, sections: sections
    ).html
  }

  private var sections: [String] {
    [
      HTMLText.element("p", ReportGuarantee(findings).text, class: "guarantee"), tiles, risks, candidates,
      depths,
      reliability, examples, points, facts,
    ]
  }

  // MARK: Parts

  /// The place of each exit in the colours, by depth.
  var shades: [Int: Int] { PageStyle.shades(of: findings.exits.map(\.depth)) }

  private var tiles: String {
    var tiles: [(value: String, name: String)] = []
    if let guarantee = findings.policy.guarantee {
      tiles.append(
        (
          Figure.percent(guarantee.empiricalRisk),
          "mean loss of \(guarantee.prompts) certifying prompts; bound \(Figure.percent(guarantee.bound))"
        ))
      if let risk = guarantee.heldOutRisk, let prompts = guarantee.heldOutPrompts {
        tiles.append((Figure.percent(risk), "mean loss of \(prompts) prompts not used before"))
      }
    } else if let risk = findings.policy.measured?.risk {
      tiles.append(
        (
          Figure.percent(risk.mean),
          "mean loss of \(risk.prompts) prompts; between \(Figure.percent(risk.low)) and "
            + "\(Figure.percent(risk.high)) with \(Figure.percent(risk.confidence)) confidence"
        ))
    }
    if let measured = findings.policy.measured {
      tiles.append(
        (Figure.short(measured.meanDepth), "of \(findings.layerCount) layers per token, on average"))
      if let speed = measured.tokensPerSecond {
        tiles.append((Figure.short(speed), "tokens a second, measured"))
        if let full = measured.fullTokensPerSecond {
          tiles.append(
            (
              "\(Figure.short(speed / full))\u{00D7}",
              "the speed of full depth (\(Figure.short(full)) tokens a second)"
            ))
        }
      }
    }
    return HTMLText.raw(
      "div",
      tiles.map {
        HTMLText.raw(
          "div", HTMLText.element("b", $0.value) + HTMLText.element("span", $0.name), class: "tile")
      }
      .joined(separator: "\n"), class: "tiles")
  }

  private var risks: String {
    guard !findings.points.isEmpty else { return "" }
    func marks(_ cost: (CalibrationFindings.Point) -> Double?) -> [RiskPlot.Mark] {
      findings.points.enumerated().compactMap { index, point in
        cost(point).map { value in
          RiskPlot.Mark(
            cost: value, risk: point.risk, bound: point.bound, passed: point.passed,
            isCertified: index == findings.certified,
            title: "\(point.rule): loss \(Figure.percent(point.risk)), bound \(Figure.percent(point.bound)), "
              + "\(point.meanDepth.map(Figure.short) ?? "-") layers, \(point.prompts) prompts")
        }
      }
    }
    let guaranteed = findings.risk
    let byDepth = RiskPlot(
      marks: marks(\.meanDepth), guaranteed: guaranteed, fullCost: Double(findings.layerCount),
      costTitle: "layers per token", costLabel: Figure.short)
    let bySeconds = RiskPlot(
      marks: marks { $0.seconds.map { $0 * 1000 } }, guaranteed: guaranteed,
      fullCost: findings.fullSeconds * 1000,
      costTitle: "milliseconds per token, by the cost model", costLabel: Figure.short)
    return HTMLPage.section(
      "Risk against cost",
      "Each mark is a tested point of the path, from conservative to aggressive; its line ends at the upper "
        + "confidence bound. A point is certified while that bound is at most the promised loss, and the first "
        + "that fails (hollow) ends the search.",
      HTMLText.raw(
        "div",
        HTMLPage.figure("Loss and layers", byDepth.svg) + "\n"
          + HTMLPage.figure("Loss and time", bySeconds.svg),
        class: "charts"))
  }

  private var depths: String {
    var figures: [String] = []
    if !findings.depthCounts.isEmpty {
      let tokens = findings.depthCounts.values.reduce(0, +)
      figures.append(
        HTMLPage.figure(
          "Where tokens leave", note: "\(tokens) tokens under the policy",
          DepthBars(counts: findings.depthCounts, layerCount: findings.layerCount, shades: shades).svg))
    }
    if !findings.positions.isEmpty && !findings.exits.isEmpty {
      var lines = findings.exits.map {
        PositionPlot.Line(
          label: "exit \($0.depth)", style: "e\(shades[$0.depth] ?? 0)", values: $0.agreements)
      }
      if findings.policyAgreements.contains(where: { $0 != nil }) {
        lines.append(.init(label: "the policy", style: "accent", values: findings.policyAgreements))
      }
      figures.append(
        HTMLPage.figure(
          "Agreement by position", note: "with full depth, after the same tokens",
          PositionPlot(positions: findings.positions, lines: lines).svg))
    }
    guard !figures.isEmpty else { return "" }
    return HTMLPage.section(
      "Depth",
      "The exits' lines show what each exit alone would have said along full depth's answers; the policy's is "
        + "about the answers that it gave itself.",
      HTMLText.raw("div", figures.joined(separator: "\n"), class: "charts"))
  }

  private var reliability: String {
    guard let estimator = findings.estimator, findings.exits.contains(where: { !$0.bins.isEmpty }) else {
      return ""
    }
    let figures = findings.exits.filter { !$0.bins.isEmpty }.map { exit in
      let quality = exit.quality.map {
        ", AUC \(Figure.short($0.auc)), ECE \(Figure.short($0.calibrationError))"
      }
      return HTMLPage.figure(
        "Exit \(exit.depth)",
        note: "agrees at \(Figure.roundPercent(exit.agreement)) of \(exit.bins.reduce(0) { $0 + $1.tokens }) "
          + "tokens\(quality ?? "")",
        ReliabilityPlot(exit: exit).svg)
    }
    return HTMLPage.section(
      "Reliability of \(estimator)",
      "How often an exit's choice is full depth's at each confidence, on the pilot prompts; larger marks stand "
        + "for more tokens. On the dotted line a confidence would be a probability. It need not be one: the "
        + "threshold is what calibration learns.",
      HTMLText.raw("div", figures.joined(separator: "\n"), class: "multiples"))
  }
}
