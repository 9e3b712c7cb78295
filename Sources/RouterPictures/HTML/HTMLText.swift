/// Pieces of HTML.
package enum HTMLText {
  /// Text as it stands between tags or in quotes.
  package static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      // What HTML does not allow is shown as what it is: something that cannot be shown.
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// An element with text.
  package static func element(_ name: String, _ text: String, class style: String? = nil) -> String {
    raw(name, escaped(text), class: style)
  }

  /// An element with content that is HTML already.
  package static func raw(_ name: String, _ content: String, class style: String? = nil) -> String {
    "<\(name)\(style.map { " class=\"\($0)\"" } ?? "")>\(content)</\(name)>"
  }

  /// A table; columns whose index is in `numeric` are aligned at their right.
  package static func table(
    _ header: [String], _ rows: [[String]], numeric: Set<Int> = [], marked: Int? = nil
  ) -> String {
    func cells(_ row: [String], _ name: String) -> String {
      row.enumerated().map { element(name, $1, class: numeric.contains($0) ? "n" : nil) }.joined()
    }
    let lines = rows.enumerated().map { index, row in
      raw("tr", cells(row, "td"), class: index == marked ? "certified" : nil)
    }
    let head = header.isEmpty ? "" : raw("thead", raw("tr", cells(header, "th")))
    return raw("div", raw("table", head + raw("tbody", lines.joined(separator: "\n"))), class: "scroll")
  }
}
