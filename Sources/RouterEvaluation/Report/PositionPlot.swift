import RouterPictures

/// Agreement with full depth by the token's place in the answer, a line for each exit.
struct PositionPlot {
  /// One line.
  struct Line {
    let label: String
    /// Class of the line and of its label.
    let style: String
    /// One for each range of places.
    let values: [Double?]
  }

  let positions: [Range<Int>]
  let lines: [Line]

  /// The picture, in SVG for HTML.
  var svg: String {
    let places = positions.map { Double($0.lowerBound + $0.upperBound - 1) / 2 + 1 }
    let frame = PlotFrame(
      width: 400, height: 300, horizontal: .init("token of the answer", values: places + [1], from: 0),
      vertical: .init(
        "agrees with full depth", values: [0, 1], from: 0, label: Figure.roundPercent), right: 74)
    let drawn = lines.compactMap { line -> (line: Line, points: [(x: Double, y: Double)])? in
      let points = zip(places, line.values).compactMap { place, value in
        value.map { (x: frame.x(place), y: frame.y($0)) }
      }
      return points.isEmpty ? nil : (line, points)
    }
    let ends = PlotFrame.spread(
      drawn.map { ($0.points.last?.y ?? 0) + 4 }, distance: 14, limit: frame.bottomEdge)
    var parts: [String] = []
    for (index, (line, points)) in drawn.enumerated() {
      parts.append(PlotFrame.line(points, "curve \(line.style)"))
      let end = points.last?.x ?? 0
      parts.append(PlotFrame.text(line.label, x: end + 6, y: ends[index], "label \(line.style)"))
    }
    let summary = lines.map { line in
      let known = line.values.compactMap(\.self)
      let mean = known.reduce(0, +) / Double(max(known.count, 1))
      return "\(line.label) \(Figure.roundPercent(mean))"
    }
    return frame.picture(
      parts, summary: "Agreement by place in the answer, on average: \(summary.joined(separator: ", "))")
  }
}
