import Foundation
import RouterTensor

/// Which logits decide on a token.
enum LogitDemand: Equatable {
  case all
  /// The largest alone.
  case mostProbable
  /// The largest few: all that can be drawn, whatever the others are.
  case leading(LeadingEntries)
}

extension SamplingOptions {
  /// The logits that the sampler's choice depends on.
  var demand: LogitDemand {
    // The penalty may lift or lower any token of the history.
    if repetitionPenalty != 1 { return .all }
    if temperature == 0 || topK == 1 { return .mostProbable }
    // Logits that are closer than this may have equal weights, exp((x - top) / temperature) in f32, since none
    // below -104 has a weight: 104 times a few units of 2^-24.
    let temperature = max(temperature, 1e-4)
    let blur = temperature * 1e-4
    if let topK {
      // One more than are kept, so that the sampler sees as well that there are more.
      return LeadingEntries(count: topK + 1, distance: blur).map { .leading($0) } ?? .all
    }
    if let minP, minP > 0, topP == nil {
      return LeadingEntries(count: 1, distance: blur - temperature * log(minP)).map { .leading($0) } ?? .all
    }
    return .all
  }
}
