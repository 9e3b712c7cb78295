/// Pieces of HTML.
enum HTMLText {
  /// Text as it stands between tags or in quotes.
  static func escaped(_ text: String) -> String {
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
  static func element(_ name: String, _ text: String, class style: String? = nil) -> String {
    raw(name, escaped(text), class: style)
  }

  /// An element with content that is HTML already.
  static func raw(_ name: String, _ content: String, class style: String? = nil) -> String {
    "<\(name)\(style.map { " class=\"\($0)\"" } ?? "")>\(content)</\(name)>"
  }

  /// A table; columns whose index is in `numeric` are aligned at their right.
  static func table(
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

/// Numbers for people.
enum Figure {
  /// Three significant digits, without trailing zeros.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "-" }
    var unit = 1.0
    while abs(value) * unit < 100 && unit < 1e9 { unit *= 10 }
    let scaled = (value * unit).rounded()
    guard unit > 1 else { return "\(Int(scaled))" }
    var digits = "\(Int(abs(scaled)))"
    let places = "\(Int(unit))".count - 1
    while digits.count <= places { digits = "0" + digits }
    var fraction = digits.suffix(places)
    while fraction.last == "0" { fraction.removeLast() }
    let whole = digits.dropLast(places)
    return (value < 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
  }

  /// A share as a percentage.
  static func percent(_ share: Double) -> String { "\(short(share * 100)) %" }

  /// A share as a percentage with at most one decimal.
  static func roundPercent(_ share: Double) -> String { "\(short((share * 1000).rounded() / 10)) %" }

  /// Seconds in milliseconds.
  static func milliseconds(_ seconds: Double) -> String { "\(short(seconds * 1000)) ms" }
}
