/// Numbers for people.
package enum Figure {
  /// Three significant digits, without trailing zeros.
  package static func short(_ value: Double) -> String {
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
  package static func percent(_ share: Double) -> String { "\(short(share * 100)) %" }

  /// A share as a percentage with at most one decimal.
  package static func roundPercent(_ share: Double) -> String { "\(short((share * 1000).rounded() / 10)) %" }

  /// Seconds in milliseconds.
  package static func milliseconds(_ seconds: Double) -> String { "\(short(seconds * 1000)) ms" }
}
