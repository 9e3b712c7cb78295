import RouterPictures

/// The report of a stepped load: how fast each target was, and how the answers were decoded where load chose.
package struct SteppedLoadPage {
  private let results: [SteppedLoad.Result]
  /// Seconds of a step.
  private let seconds: Double

  package init(_ results: [SteppedLoad.Result], seconds: Double) {
    self.results = results
    self.seconds = seconds
  }

  /// The file.
  package var html: String {
    let steps = results.first?.clients.map(String.init).joined(separator: ", ") ?? ""
    let table = HTMLPage.figure(
      "Tokens per second", note: "\(steps) clients, \(Figure.short(seconds)) s each", rateTable)
    let pictures = results.filter { Set($0.answers.compactMap(\.way)).count > 1 }.map { result in
      HTMLPage.figure(
        result.target, note: "each line is an answer, from its request to its end",
        WayPlot(answers: result.answers, clients: result.clients, seconds: seconds).svg)
    }
    return HTMLPage(
      title: "Decoding under a stepped load", exitCount: 1,
      sections: [
        HTMLPage.section(
          "Speed", "Each client sends its next prompt when it has the answer to the one before.", table),
        pictures.isEmpty
          ? ""
          : HTMLPage.section(
            "Choices", "How each answer was decoded, where load chose among several ways.",
            pictures.joined(separator: "\n")),
      ]
    ).html
  }

  private var rateTable: String {
    let head = ["target"] + (results.first?.clients.map { "\($0) clients" } ?? []) + ["all"]
    let rows = results.map { result in
      [result.target] + (result.tokensPerSecond + [result.overall]).map { Figure.short($0.median) }
    }
    return HTMLText.table(head, rows, numeric: Set(1..<head.count))
  }
}

/// Which way answers were decoded, over time: a row for each way.
struct WayPlot {
  let answers: [SteppedLoad.Answer]
  let clients: [Int]
  /// Seconds of a step.
  let seconds: Double

  /// The picture, in SVG for HTML.
  var svg: String {
    let ways = Set(answers.compactMap(\.way)).sorted()
    let end = max(answers.map(\.ended).max() ?? 0, seconds * Double(clients.count))
    let height = 70 + 56 * Double(ways.count)
    let frame = PlotFrame(
      width: 640, height: height,
      horizontal: .init("seconds", values: [0, end], from: 0, label: Figure.short),
      vertical: .init("", values: [0, Double(ways.count)], from: 0, label: { _ in "" }))
    var parts: [String] = []
    for (step, count) in clients.enumerated() {
      let x = frame.x(seconds * Double(step))
      parts.append(PlotFrame.line([(x, frame.y(0)), (x, frame.y(Double(ways.count)))], "guarantee"))
      parts.append(
        PlotFrame.text(
          "\(count) client\(count == 1 ? "" : "s")", x: x + 4, y: frame.y(Double(ways.count)) + 12, "note"))
    }
    for (row, way) in ways.enumerated() {
      let own = answers.filter { $0.way == way }
      parts.append(
        PlotFrame.text(
          "\(way): \(own.count) answers", x: frame.leftEdge + 4, y: frame.y(Double(row)) - 4, "label"))
      for (index, answer) in own.enumerated() {
        let y = frame.y(Double(row) + 0.3 + 0.45 * Double(index % 12) / 12)
        parts.append(PlotFrame.line([(frame.x(answer.began), y), (frame.x(answer.ended), y)], "path"))
      }
    }
    let counts = ways.map { way in "\(way) \(answers.count { $0.way == way })" }
    return frame.picture(
      parts, summary: "Answers by how they were decoded: " + counts.joined(separator: ", "))
  }
}
