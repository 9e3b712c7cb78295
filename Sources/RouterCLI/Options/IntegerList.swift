import ArgumentParser

/// Numbers separated by commas, such as `1,2,4`, or `none`.
package struct IntegerList: ExpressibleByArgument, Equatable, Sendable {
  /// In the order given, none negative.
  package let all: [Int]

  package init(_ values: [Int]) { all = values }

  /// In the order given, each once.
  package var values: [Int] {
    all.reduce(into: []) { values, value in
      if !values.contains(value) { values.append(value) }
    }
  }

  package init?(argument: String) {
    if argument == "none" {
      all = []
      return
    }
    var values: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Int(part), value >= 0 else { return nil }
      values.append(value)
    }
    all = values
  }

  package var defaultValueDescription: String {
    all.isEmpty ? "none" : all.map(String.init).joined(separator: ",")
  }
}
