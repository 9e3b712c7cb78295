import ArgumentParser

/// Numbers separated by commas, such as `1,2,4`, or `none`.
package struct IntegerList: ExpressibleByArgument, Equatable, Sendable {
  /// In the order given, each once, none negative.
  package let values: [Int]

  package init(_ values: [Int]) { self.values = values }

  package init?(argument: String) {
    if argument == "none" {
      values = []
      return
    }
    var values: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Int(part), value >= 0 else { return nil }
      if !values.contains(value) { values.append(value) }
    }
    self.values = values
  }

  package var defaultValueDescription: String {
    values.isEmpty ? "none" : values.map(String.init).joined(separator: ",")
  }
}
