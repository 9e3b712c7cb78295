/// Repeated measurements of one quantity.
package struct Sample: Sendable, Equatable {
  /// In the order in which they were taken.
  package private(set) var values: [Double]

  package init(_ values: [Double] = []) { self.values = values }

  package mutating func append(_ value: Double) { values.append(value) }

  /// The middle value, or the mean of the two in the middle; 0 without values.
  package var median: Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// 0 without values.
  package var minimum: Double { values.min() ?? 0 }
  /// 0 without values.
  package var maximum: Double { values.max() ?? 0 }

  /// Every value through `transform`, in order.
  package func map(_ transform: (Double) -> Double) -> Sample { Sample(values.map(transform)) }

  /// This quantity over another that was measured in the same repetitions, pair by pair.
  package func ratio(to other: Sample) -> Sample { Sample(zip(values, other.values).map { $0 / $1 }) }
}

extension Sample: Encodable {
  private enum CodingKeys: String, CodingKey { case median, minimum, maximum, values }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(median, forKey: .median)
    try container.encode(minimum, forKey: .minimum)
    try container.encode(maximum, forKey: .maximum)
    try container.encode(values, forKey: .values)
  }
}
