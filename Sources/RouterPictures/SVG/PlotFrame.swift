/// The axes of a chart, and what maps numbers to places in it. Colours are classes of ``PageStyle``.
package struct PlotFrame {
  /// What a number line shows.
  package struct Axis {
    package let title: String
    /// From one tick to another.
    package let range: ClosedRange<Double>
    package let ticks: [Double]
    /// The text of a tick.
    package let label: (Double) -> String

    /// An axis that holds some values, its ends and ticks round numbers.
    package init(
      _ title: String, values: [Double], from lowest: Double? = nil, ticks wanted: Int = 5,
      label: @escaping (Double) -> String = Figure.short
    ) {
      let known = values.filter(\.isFinite)
      let low = lowest ?? known.min() ?? 0
      let high = max(known.max() ?? 1, low + 1e-9)
      let step = Self.step(span: max(high - low, abs(high) * 1e-6), wanted: wanted)
      let first = (low / step + 1e-9).rounded(.down)
      let last = max((high / step - 1e-9).rounded(.up), first + 1)
      self.title = title
      self.label = label
      range = first * step...last * step
      ticks = stride(from: first, through: last + 0.5, by: 1).map { $0 * step }
    }

    /// 1, 2 or 5 times a power of ten.
    private static func step(span: Double, wanted: Int) -> Double {
      let rough = span / Double(wanted)
      var power = 1.0
      while power > rough { power /= 10 }
      while power * 10 <= rough { power *= 10 }
      return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough - power * 1e-9 } ?? 10 * power
    }
  }

  /// In the units of the picture, which scales.
  package let width: Double
  package let height: Double
  package let horizontal: Axis
  package let vertical: Axis
  /// Room for labels at the right.
  package let right: Double
  private let left = 46.0
  private let top = 28.0
  private let bottom = 42.0

  /// Lays out the axes; `right` leaves room for labels.
  package init(width: Double, height: Double, horizontal: Axis, vertical: Axis, right: Double = 16) {
    self.width = width
    self.height = height
    self.horizontal = horizontal
    self.vertical = vertical
    self.right = right
  }

  /// Where the plot ends at the right.
  package var rightEdge: Double { width - right }
  /// Where it begins at the left.
  package var leftEdge: Double { left }
  /// Its upper end.
  package var topEdge: Double { top }
  /// Its lower end.
  package var bottomEdge: Double { height - bottom }

  /// Where a value of the horizontal axis is; values beyond it are at its ends.
  package func x(_ value: Double) -> Double {
    let share = (value - horizontal.range.lowerBound) / span(horizontal)
    return left + min(max(share, 0), 1) * (rightEdge - left)
  }

  /// Where a value of the vertical axis is; values beyond it are at its ends.
  package func y(_ value: Double) -> Double {
    let share = (value - vertical.range.lowerBound) / span(vertical)
    return bottomEdge - min(max(share, 0), 1) * (bottomEdge - top)
  }

  private func span(_ axis: Axis) -> Double { axis.range.upperBound - axis.range.lowerBound }

  /// The whole picture.
  ///
  /// - Parameter summary: what it shows, for those who cannot see it.
  package func picture(_ parts: [String], summary: String) -> String {
    let box = "0 0 \(SVGText.number(width)) \(SVGText.number(height))"
    return """
      <svg viewBox="\(box)" role="img" aria-label="\(HTMLText.escaped(summary))">
      \((grid + parts).joined(separator: "\n"))
      </svg>
      """
  }

  private var grid: [String] {
    var parts: [String] = []
    for tick in vertical.ticks {
      parts.append(Self.line([(left, y(tick)), (rightEdge, y(tick))], "grid"))
      parts.append(Self.text(vertical.label(tick), x: left - 6, y: y(tick) + 4, "tick", anchor: .end))
    }
    for tick in horizontal.ticks {
      parts.append(
        Self.text(horizontal.label(tick), x: x(tick), y: bottomEdge + 16, "tick", anchor: .middle))
    }
    parts.append(Self.line([(left, bottomEdge), (rightEdge, bottomEdge)], "axis"))
    parts.append(Self.text(vertical.title, x: 2, y: 14, "title"))
    parts.append(
      Self.text(horizontal.title, x: (left + rightEdge) / 2, y: height - 6, "title", anchor: .middle))
    return parts
  }

  // MARK: Marks

  /// A line of the class `style`.
  package static func line(_ points: [(x: Double, y: Double)], _ style: String) -> String {
    let list = points.map { "\(SVGText.number($0.x)),\(SVGText.number($0.y))" }.joined(separator: " ")
    return "<polyline class=\"\(style)\" points=\"\(list)\"/>"
  }

  /// A dot of the class `style`, with a tooltip.
  package static func dot(x: Double, y: Double, radius: Double, _ style: String, title: String) -> String {
    "<circle class=\"\(style)\" cx=\"\(SVGText.number(x))\" cy=\"\(SVGText.number(y))\" "
      + "r=\"\(SVGText.number(radius))\"><title>\(HTMLText.escaped(title))</title></circle>"
  }

  /// A bar of the class `style`, with a tooltip.
  package static func bar(
    x: Double, y: Double, width: Double, height: Double, _ style: String, title: String
  ) -> String {
    "<rect class=\"\(style)\" x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(y))\" "
      + "width=\"\(SVGText.number(width))\" height=\"\(SVGText.number(height))\">"
      + "<title>\(HTMLText.escaped(title))</title></rect>"
  }

  /// Words of the class `style`.
  package static func text(
    _ content: String, x: Double, y: Double, _ style: String, anchor: SVGText.Anchor = .start
  ) -> String {
    "<text class=\"\(style)\" x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(y))\" "
      + "text-anchor=\"\(anchor.rawValue)\">\(HTMLText.escaped(content))</text>"
  }

  /// Moves labels apart that would lie upon each other.
  ///
  /// - Parameter wanted: where each would be best.
  /// - Returns: where each is, in the order given: at least `distance` apart, above `limit`.
  package static func spread(_ wanted: [Double], distance: Double, limit: Double) -> [Double] {
    var places = wanted
    let order = wanted.indices.sorted { wanted[$0] < wanted[$1] }
    for (before, after) in zip(order, order.dropFirst()) {
      places[after] = max(places[after], places[before] + distance)
    }
    var floor = limit
    for index in order.reversed() {
      places[index] = min(places[index], floor)
      floor = places[index] - distance
    }
    return places
  }
}
