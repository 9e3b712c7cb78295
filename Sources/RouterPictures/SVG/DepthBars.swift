/// How many tokens left after how many layers.
package struct DepthBars: Sendable {
  /// Tokens by the layers that they ran.
  package let counts: [Int: Int]
  package let layerCount: Int
  /// The place of each exit in the colours of ``PageStyle``, by depth.
  package let shades: [Int: Int]

  /// Prepares the picture.
  package init(counts: [Int: Int], layerCount: Int, shades: [Int: Int]) {
    self.counts = counts
    self.layerCount = layerCount
    self.shades = shades
  }

  /// The picture, in SVG for HTML.
  package var svg: String {
    let total = Double(max(counts.values.reduce(0, +), 1))
    let depths = Set(counts.keys).union([layerCount]).sorted()
    let (rowHeight, left, width, top) = (26.0, 92.0, 400.0, 8.0)
    let room = width - left - 64
    let most = Double(counts.values.max() ?? 1)
    var parts: [String] = []
    for (row, depth) in depths.enumerated() {
      let count = counts[depth] ?? 0
      let y = top + Double(row) * rowHeight
      let length = max(Double(count) / max(most, 1) * room, count > 0 ? 1.5 : 0)
      let style = shades[depth].map { "e\($0)" } ?? "deep"
      let label = depth == layerCount ? "all \(depth) layers" : "layer \(depth)"
      parts.append(PlotFrame.text(label, x: left - 8, y: y + 17, "tick", anchor: .end))
      parts.append(
        PlotFrame.bar(
          x: left, y: y + 3, width: length, height: rowHeight - 6, "bar \(style)", title: "\(count) tokens"))
      parts.append(
        PlotFrame.text(
          Figure.roundPercent(Double(count) / total), x: left + length + 6, y: y + 17, "value"))
    }
    let height = top + Double(depths.count) * rowHeight + 8
    let summary = depths.map { "\($0) layers: \(Figure.roundPercent(Double(counts[$0] ?? 0) / total))" }
    return """
      <svg viewBox="0 0 \(SVGText.number(width)) \(SVGText.number(height))" role="img" \
      aria-label="Tokens by layers: \(summary.joined(separator: ", "))">
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }
}
