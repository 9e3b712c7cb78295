/// Curves over one axis, such as losses over steps.
package struct LineChart: Sendable {
  package var title: String
  package var horizontalTitle: String
  package var verticalTitle: String
  package var curves: [(label: String, points: [(x: Double, y: Double)])]

  /// Prepares the picture.
  package init(
    title: String, horizontalTitle: String, verticalTitle: String,
    curves: [(label: String, points: [(x: Double, y: Double)])]
  ) {
    self.title = title
    self.horizontalTitle = horizontalTitle
    self.verticalTitle = verticalTitle
    self.curves = curves
  }

  private static let (width, height) = (760.0, 420.0)
  private static let (left, right, top, bottom) = (60.0, 90.0, 40.0, 46.0)
  private static let tickCount = 5
  /// More points than this are thinned out: the picture has no more columns.
  private static let maximumPoints = 1000

  /// The picture, in SVG; points that are not finite are left out.
  package var svg: String {
    let curves = curves.map { curve in
      (label: curve.label, points: Self.thinned(curve.points.filter { $0.x.isFinite && $0.y.isFinite }))
    }
    let all = curves.flatMap(\.points)
    let horizontal = Axis(all.map(\.x), from: Self.left, to: Self.width - Self.right)
    let vertical = Axis(all.map(\.y) + [0], from: Self.height - Self.bottom, to: Self.top)
    var parts = [
      SVGText.text(title, x: 10, y: 20, bold: true),
      SVGText.text(verticalTitle, x: 10, y: Self.top - 6),
      SVGText.text(
        horizontalTitle, x: (Self.left + Self.width - Self.right) / 2, y: Self.height - 10, anchor: .middle),
    ]
    for tick in 0...Self.tickCount {
      let share = Double(tick) / Double(Self.tickCount)
      let (x, y) = (horizontal.value(at: share), vertical.value(at: share))
      parts.append(
        SVGText.line(
          [(Self.left, vertical.place(y)), (Self.width - Self.right, vertical.place(y))], stroke: "#ddd",
          width: 1))
      parts.append(SVGText.text(SVGText.number(y), x: Self.left - 6, y: vertical.place(y) + 4, anchor: .end))
      parts.append(
        SVGText.text(
          SVGText.number(x), x: horizontal.place(x), y: Self.height - Self.bottom + 16, anchor: .middle))
    }
    for (index, curve) in curves.enumerated() {
      let colour = SVGText.ramp(Double(index) / Double(max(curves.count, 2)))
      parts.append(
        SVGText.line(curve.points.map { (horizontal.place($0.x), vertical.place($0.y)) }, stroke: colour))
      let y = Self.top + 14 + Double(index) * 16
      parts.append(
        SVGText.line([(Self.width - 82, y - 4), (Self.width - 66, y - 4)], stroke: colour, width: 3))
      parts.append(SVGText.text(curve.label, x: Self.width - 60, y: y))
    }
    return SVGText.document(width: Self.width, height: Self.height, parts)
  }

  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > maximumPoints else { return points }
    return (0..<maximumPoints).map { points[$0 * (points.count - 1) / (maximumPoints - 1)] }
  }

  /// Maps numbers to places in the picture.
  private struct Axis {
    let low: Double
    let high: Double
    let from: Double
    let to: Double

    init(_ values: [Double], from: Double, to: Double) {
      low = values.min() ?? 0
      let largest = values.max() ?? 1
      high = largest > low ? largest : low + 1
      self.from = from
      self.to = to
    }

    func place(_ value: Double) -> Double { from + (value - low) / (high - low) * (to - from) }
    func value(at share: Double) -> Double { low + share * (high - low) }
  }
}
