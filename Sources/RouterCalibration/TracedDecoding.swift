/// How an answer of a trace was decoded.
package enum TracedDecoding: Sendable, Hashable {
  /// All layers for every token: the reference.
  case full
  /// The same once more, timed while candidates answered beside it.
  case fullAgain
  /// Full depth's answer through verified drafts, timed likewise.
  case verified
  /// The policy at this 0-based point of a candidate's path.
  case point(Candidate, Int)
}

/// In JSON it is `"full"`, `"full again"`, `"verified"`, or the candidate and the point's number, such as `"probe 3"`.
extension TracedDecoding: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    if text == "full" {
      self = .full
    } else if text == "full again" {
      self = .fullAgain
    } else if text == "verified" {
      self = .verified
    } else if parts.count == 2, let candidate = Candidate(rawValue: String(parts[0])),
      let point = Int(parts[1])
    {
      self = .point(candidate, point)
    } else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "a run is \"full\", \"full again\", \"verified\", or a candidate and a number")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .full: try container.encode("full")
    case .fullAgain: try container.encode("full again")
    case .verified: try container.encode("verified")
    case .point(let candidate, let point): try container.encode("\(candidate.rawValue) \(point)")
    }
  }
}
