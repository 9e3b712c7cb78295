import RouterPictures

/// How often one exit is right at each confidence.
struct ReliabilityPlot {
  let exit: CalibrationFindings.Exit

  /// The picture, in SVG for HTML.
  var svg: String {
    let share: (Double) -> String = { Figure.short($0) }
    let frame = PlotFrame(
      width: 260, height: 250, horizontal: .init("confidence", values: [0, 1], from: 0, label: share),
      vertical: .init("agrees with full depth", values: [0, 1], from: 0, label: Figure.roundPercent))
    var parts = [
      PlotFrame.line([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], "diagonal")
    ]
    if let threshold = exit.threshold {
      let x = frame.x(Double(threshold))
      parts.append(PlotFrame.line([(x, frame.topEdge), (x, frame.bottomEdge)], "accent threshold"))
      let isRight = x > (frame.leftEdge + frame.rightEdge) / 2
      parts.append(
        PlotFrame.text(
          "leaves from \(Figure.short(Double(threshold)))", x: isRight ? x - 5 : x + 5,
          // Where confidence grows with agreement, nothing else is in the upper corner at the left.
          y: frame.topEdge + 12, "accent label", anchor: isRight ? .end : .start))
    }
    let most = Double(exit.bins.map(\.tokens).max() ?? 1)
    parts.append(
      PlotFrame.line(exit.bins.map { (frame.x($0.confidence), frame.y($0.agreement)) }, "path"))
    for bin in exit.bins {
      parts.append(
        PlotFrame.dot(
          x: frame.x(bin.confidence), y: frame.y(bin.agreement),
          radius: 2.5 + 6 * (Double(bin.tokens) / most).squareRoot(), "passed dot bubble",
          title: "confidence \(Figure.short(bin.confidence)): \(Figure.roundPercent(bin.agreement)) of "
            + "\(bin.tokens) tokens agree"))
    }
    let bins = exit.bins.map { "\(Figure.short($0.confidence)): \(Figure.roundPercent($0.agreement))" }
    return frame.picture(
      parts, summary: "Agreement by confidence at exit \(exit.depth): \(bins.joined(separator: ", "))")
  }
}
