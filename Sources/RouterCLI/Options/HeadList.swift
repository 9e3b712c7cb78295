import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation
import RouterModel
import RouterTensor

/// Ways to find a token, separated by commas.
struct HeadList: ExpressibleByArgument, Equatable {
  let values: [BenchmarkHead]

  init?(argument: String) {
    let values = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      BenchmarkHead(rawValue: String($0))
    }
    let known = values.compactMap { $0 }
    guard !known.isEmpty, known.count == values.count, Set(known).count == known.count else { return nil }
    self.values = known
  }
}
