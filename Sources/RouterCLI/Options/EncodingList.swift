import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation
import RouterModel
import RouterTensor

/// Quantised encodings separated by commas.
package struct EncodingList: ExpressibleByArgument, Equatable {
  let values: [WeightEncoding]

  package init(_ values: [WeightEncoding]) { self.values = values }

  package init?(argument: String) {
    let values = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      WeightEncoding(rawValue: String($0))
    }
    let known = values.compactMap { $0 }.filter(\.isQuantized)
    guard !known.isEmpty, known.count == values.count, Set(known).count == known.count else { return nil }
    self.values = known
  }

  package var defaultValueDescription: String { values.map(\.rawValue).joined(separator: ",") }
}
