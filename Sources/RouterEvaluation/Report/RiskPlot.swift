import RouterPictures

/// Risk against what a policy costs: one mark for each tested point, its confidence bound, the guaranteed risk.
struct RiskPlot {
  /// A tested point.
  struct Mark {
    let cost: Double
    let risk: Double
    let bound: Double
    let passed: Bool
    let isCertified: Bool
    let title: String
  }

  let marks: [Mark]
  /// epsilon; nil if none was asked for.
  let guaranteed: Double?
  let fullCost: Double
  let costTitle: String
  let costLabel: (Double) -> String

  /// The picture, in SVG for HTML.
  var svg: String {
    let certifiedBound = marks.first(where: \.isCertified)?.bound
    let heights = marks.map(\.risk) + [guaranteed.map { $0 * 1.5 }, certifiedBound].compactMap(\.self)
    let costs = marks.map(\.cost) + [fullCost]
    let frame = PlotFrame(
      width: 400, height: 280,
      horizontal: .init(costTitle, values: padded(costs), label: costLabel),
      vertical: .init("loss per prompt", values: heights, from: 0, label: Figure.roundPercent))
    var parts: [String] = []
    if let guaranteed {
      let y = frame.y(guaranteed)
      parts.append(PlotFrame.line([(frame.leftEdge, y), (frame.rightEdge, y)], "guarantee"))
      let words = "promised: at most \(Figure.percent(guaranteed))"
      // Marks are few where full depth is.
      let isRight = frame.x(fullCost) > (frame.leftEdge + frame.rightEdge) / 2
      parts.append(
        PlotFrame.text(
          words, x: isRight ? frame.rightEdge : frame.leftEdge + 4, y: y - 6, "note",
          anchor: isRight ? .end : .start))
    }
    let origin = (x: frame.x(fullCost), y: frame.y(0))
    parts.append(
      PlotFrame.line([origin] + marks.map { (frame.x($0.cost), frame.y($0.risk)) }, "path"))
    for mark in marks.sorted(by: { !$0.isCertified && $1.isCertified }) {
      let (x, y, top) = (frame.x(mark.cost), frame.y(mark.risk), frame.y(mark.bound))
      let style = mark.isCertified ? "accent" : mark.passed ? "passed" : "failed"
      parts.append(PlotFrame.line([(x, y), (x, top)], "\(style) whisker"))
      if mark.bound <= frame.vertical.range.upperBound {
        parts.append(PlotFrame.line([(x - 4, top), (x + 4, top)], "\(style) whisker"))
      }
      parts.append(
        PlotFrame.dot(x: x, y: y, radius: mark.isCertified ? 6 : 4.5, "\(style) dot", title: mark.title))
      if mark.isCertified {
        // Below and before the mark: the path rises to the left, bounds rise from the marks.
        parts.append(PlotFrame.text("certified", x: x - 9, y: y + 15, "accent label", anchor: .end))
      }
    }
    parts.append(PlotFrame.dot(x: origin.x, y: origin.y, radius: 4.5, "full dot", title: "full depth"))
    parts.append(PlotFrame.text("full depth", x: origin.x + 8, y: origin.y - 8, "note"))
    return frame.picture(
      parts, summary: "Loss against \(costTitle): \(marks.map(\.title).joined(separator: "; "))")
  }

  /// Room at both sides, so that marks do not lie on the frame and their labels find place.
  private func padded(_ costs: [Double]) -> [Double] {
    guard let low = costs.min(), let high = costs.max() else { return costs }
    let room = max((high - low) * 0.1, high * 0.005)
    return costs + [max(low - room, 0), high + 2 * room]
  }
}
