/// Rows of cells printed in aligned columns.
package struct TextTable {
  private let header: [String]
  private var rows: [[String]] = []
  /// Columns that are numbers, aligned to the right.
  private let numeric: Set<Int>

  /// Creates a table; the columns with the indices `numeric` are numbers.
  package init(_ header: [String], numeric: Set<Int> = []) {
    self.header = header
    self.numeric = numeric
  }

  /// Adds a row of as many cells as the header has.
  package mutating func add(_ row: [String]) { rows.append(row) }

  /// All lines, the header first.
  package var lines: [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return numeric.contains(column) ? padding + cell : cell + padding
      }.joined(separator: "  ").trimmingTrailingSpaces
    }
  }

  func printLines() { for line in lines { print(line) } }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var end = endIndex
    while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
    return String(self[..<end])
  }

  /// A number with a fixed count of decimals, halves rounded away from zero; zero has no sign.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled / scale)
    let fraction = Int(scaled - Double(whole) * scale)
    let digits = String(fraction)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(String(repeating: "0", count: Swift.max(0, decimals - digits.count)))\(digits)"
  }
}
