/// Pieces of Scalable Vector Graphics 1.1.
package enum SVGText {
  /// A whole picture with a white ground.
  package static func document(width: Double, height: Double, _ parts: [String]) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(height))" \
    viewBox="0 0 \(number(width)) \(number(height))" font-family="sans-serif" font-size="11">
    <rect width="100%" height="100%" fill="white"/>
    \(parts.joined(separator: "\n"))
    </svg>

    """
  }

  /// Where a text's point lies.
  package enum Anchor: String {
    case start, middle, end
  }

  /// Words at a point.
  package static func text(
    _ content: String, x: Double, y: Double, anchor: Anchor = .start, bold: Bool = false
  )
    -> String
  {
    let weight = bold ? " font-weight=\"bold\"" : ""
    return
      "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor.rawValue)\"\(weight)>\(escaped(content))</text>"
  }

  /// A filled rectangle, with a tooltip if there is a `title`.
  package static func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, title: String? = nil
  ) -> String {
    let title = title.map { "<title>\(escaped($0))</title>" } ?? ""
    return
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\" fill=\"\(fill)\">\(title)</rect>"
  }

  /// A line through points.
  package static func line(_ points: [(x: Double, y: Double)], stroke: String, width: Double = 1.5) -> String
  {
    let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    return
      "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"\(number(width))\"/>"
  }

  /// Two decimals, without trailing zeros.
  package static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    let digits = rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)"
    return "\(sign)\(whole).\(digits)"
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  /// A colour of a ramp from dark violet over teal to yellow, which stays ordered in grey and for colour-blind
  /// eyes; `share` is 0 ... 1.
  package static func ramp(_ share: Double) -> String {
    let stops: [(Double, Double, Double)] = [
      (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
    ]
    let place = min(max(share.isFinite ? share : 0, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    let (low, high, part) = (stops[index], stops[index + 1], place - Double(index))
    func mix(_ a: Double, _ b: Double) -> Int { Int((a + (b - a) * part).rounded()) }
    return "rgb(\(mix(low.0, high.0)),\(mix(low.1, high.1)),\(mix(low.2, high.2)))"
  }
}
