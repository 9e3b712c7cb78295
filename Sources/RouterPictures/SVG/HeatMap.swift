/// A table of numbers as coloured cells.
package struct HeatMap: Sendable {
  package var title: String
  package var columnTitle: String
  /// Labels of the columns.
  package var columns: [String]
  package var rows: [(label: String, values: [Double?])]

  /// Prepares the picture.
  ///
  /// - Parameter rows: each with a value for each column; nil leaves its cell empty.
  package init(
    title: String, columnTitle: String, columns: [String], rows: [(label: String, values: [Double?])]
  ) {
    self.title = title
    self.columnTitle = columnTitle
    self.columns = columns
    self.rows = rows
  }

  private static let (cellWidth, cellHeight, left, top) = (24.0, 18.0, 70.0, 56.0)

  /// The picture, in SVG; a cell's number is its tooltip.
  package var svg: String {
    let known = rows.flatMap { $0.values.compactMap(\.self) }.filter(\.isFinite)
    let (low, high) = (known.min() ?? 0, known.max() ?? 1)
    let span = high > low ? high - low : 1
    let width = Self.left + Double(columns.count) * Self.cellWidth + 90
    let height = Self.top + Double(rows.count) * Self.cellHeight + 30
    var parts = [
      SVGText.text(title, x: 10, y: 20, bold: true), SVGText.text(columnTitle, x: Self.left, y: 36),
    ]
    for (index, column) in columns.enumerated() {
      parts.append(
        SVGText.text(
          column, x: Self.left + (Double(index) + 0.5) * Self.cellWidth, y: Self.top - 5, anchor: .middle))
    }
    for (line, row) in rows.enumerated() {
      let y = Self.top + Double(line) * Self.cellHeight
      parts.append(SVGText.text(row.label, x: Self.left - 6, y: y + 13, anchor: .end))
      for (index, value) in row.values.enumerated() {
        guard let value else { continue }
        parts.append(
          SVGText.rectangle(
            x: Self.left + Double(index) * Self.cellWidth, y: y, width: Self.cellWidth - 1,
            height: Self.cellHeight - 1, fill: SVGText.ramp((value - low) / span),
            title: "\(row.label), \(columns[index]): \(SVGText.number(value))"))
      }
    }
    return SVGText.document(width: width, height: height, parts + legend(low, high, x: width - 76))
  }

  private func legend(_ low: Double, _ high: Double, x: Double) -> [String] {
    let steps = 20
    var parts = (0..<steps).map { step in
      SVGText.rectangle(
        x: x, y: Self.top + Double(steps - 1 - step) * 6, width: 14, height: 6,
        fill: SVGText.ramp(Double(step) / Double(steps - 1)))
    }
    parts.append(SVGText.text(SVGText.number(high), x: x + 18, y: Self.top + 8))
    parts.append(SVGText.text(SVGText.number(low), x: x + 18, y: Self.top + Double(steps) * 6))
    return parts
  }
}
