import RouterExit
import RouterPictures

// The parts of the report that are words and numbers.
extension CalibrationPage {
  /// What was compared; nothing for a single candidate.
  var candidates: String {
    guard findings.candidates.count > 1 else { return "" }
    let rows = findings.candidates.map { candidate in
      [
        candidate.name, candidate.meanDepth.map(Figure.short) ?? "", candidate.risk.map(Figure.percent) ?? "",
        candidate.seconds.map(Figure.milliseconds) ?? "",
        candidate.timeRatio.map { "\(Figure.short(1 / $0))\u{00D7}" } ?? "", candidate.verdict,
      ]
    }
    let chosen = findings.candidates.firstIndex(where: \.isChosen)
    return HTMLPage.section(
      "Candidates",
      "Ways to decide the exits, on the same prompts beside full depth. Time by the cost model; speed as measured, "
        + "1\u{00D7} is full depth.",
      HTMLText.table(
        ["candidate", "layers", "loss", "time per token", "speed", "verdict"], rows, numeric: [1, 2, 3, 4],
        marked: chosen))
  }

  /// Answers with tokens coloured by the layers that they ran.
  var examples: String {
    guard !findings.examples.isEmpty else { return "" }
    let keys = findings.exits.filter { (findings.depthCounts[$0.depth] ?? 0) > 0 }.map {
      HTMLText.element("span", "layer \($0.depth)", class: "t key e\(shades[$0.depth] ?? 0)")
    }
    let legend =
      keys.joined() + HTMLText.element("span", "all \(findings.layerCount) layers", class: "t key")
      + HTMLText.element("span", "not full depth's choice", class: "t key off")
    let answers = findings.examples.map { example in
      let tokens = example.tokens.map { token -> String in
        let shade = shades[token.depth].map { " e\($0)" } ?? ""
        let off = token.agrees == false ? " off" : ""
        let choice = token.agrees == false ? "; full depth would have chosen another token" : ""
        let title = "layer \(token.depth) of \(findings.layerCount)\(choice)"
        return "<span class=\"t\(shade)\(off)\" title=\"\(title)\">\(HTMLText.escaped(token.text))</span>"
      }
      return HTMLText.raw(
        "div",
        HTMLText.element("p", example.prompt, class: "ask")
          + HTMLText.raw("p", tokens.joined(), class: "answer"), class: "example")
    }
    return HTMLPage.section(
      "Examples", "Answers under the policy, each token coloured by the layer after which it left.",
      HTMLText.raw("p", legend) + "\n" + answers.joined(separator: "\n"))
  }

  /// All tested points.
  var points: String {
    guard !findings.points.isEmpty else { return "" }
    let rows = findings.points.enumerated().map { index, point in
      [
        point.rule, point.meanDepth.map(Figure.short) ?? "", Figure.percent(point.risk),
        Figure.percent(point.bound), point.seconds.map(Figure.milliseconds) ?? "",
        point.tokensPerSecond.map(Figure.short) ?? "", "\(point.prompts)",
        index == findings.certified ? "certified" : point.passed ? "passed" : "failed",
      ]
    }
    return HTMLPage.section(
      "Tested points",
      "In the order of the tests. A point that is sure to fail is not run on all prompts: its bound counts the "
        + "rest as without loss.",
      HTMLText.table(
        ["rule", "layers", "loss", "bound", "time per token", "tokens/s", "prompts", ""], rows,
        numeric: [1, 2, 3, 4, 5, 6], marked: findings.certified))
  }

  /// Where everything comes from.
  var facts: String {
    guard !findings.facts.isEmpty else { return "" }
    return HTMLPage.section(
      "Provenance", "What it takes to make this again, and what the promise is about.",
      HTMLText.raw(
        "div", HTMLText.table([], findings.facts.map { [$0.name, $0.value] }), class: "facts"))
  }
}
