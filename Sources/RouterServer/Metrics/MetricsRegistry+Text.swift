extension MetricsRegistry {
  /// The media type of ``text``.
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  /// Everything, as Prometheus reads it (text format 0.0.4), in a stable order.
  var text: String {
    contents.sorted { $0.key < $1.key }.map { Self.text($0.value, label: $0.key) }.joined()
  }

  private static func text(_ family: Family, label: String) -> String {
    let name = family.kind == .counter ? "\(label)_total" : label
    let series = family.series.map { (labels: $0.key.text, value: $0.value.value) }
    let ordered = series.sorted { $0.labels < $1.labels }.map { lines(name, $0.labels, $0.value) }
    let help = MetricHelp.texts[label].map { "# HELP \(name) \($0)\n" } ?? ""
    return "\(help)# TYPE \(name) \(family.kind.rawValue)\n\(ordered.joined())"
  }

  private static func lines(_ name: String, _ labels: String, _ value: MetricSeries.Value) -> String {
    func line(_ suffix: String, _ labels: String, _ number: String) -> String {
      "\(name)\(suffix)\(labels.isEmpty ? "" : "{\(labels)}") \(number)\n"
    }
    switch value {
    case .count(let number), .level(let number): return line("", labels, Self.number(number))
    case .distribution(let limits, let counts, let sum):
      var result = ""
      var total = 0
      for (limit, count) in zip(limits.map(Self.number) + ["+Inf"], counts) {
        total += count
        let bound = "le=\"\(limit)\""
        result += line("_bucket", labels.isEmpty ? bound : "\(labels),\(bound)", "\(total)")
      }
      return result + line("_sum", labels, Self.number(sum)) + line("_count", labels, "\(total)")
    }
  }

  /// Whole numbers without a fraction.
  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}

extension MetricsRegistry.Labels {
  /// `name="value",...`
  fileprivate var text: String {
    pairs.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
  }
}
