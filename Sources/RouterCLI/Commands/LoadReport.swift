import RouterEvaluation

/// What `router bench --load` tells.
struct LoadReport: Encodable {
  /// A stage over all repetitions.
  struct Stage: Encodable {
    let name: String
    let seconds: Sample
  }

  /// Another engine's time to its first token.
  struct Peer: Encodable {
    let engine: String
    let seconds: Sample
    /// Our time over the engine's.
    let ratio: Sample
  }

  let model: String
  let total: Sample
  let stages: [Stage]
  /// Parts of loading, run again one after the other.
  let parts: [Stage]
  let weightBytes: Int
  let residentBytes: Int?
  let peakResidentBytes: Int?
  let peers: [Peer]

  private enum CodingKeys: String, CodingKey {
    case model, total, stages, parts, peers
    case weightBytes = "weight_bytes"
    case residentBytes = "resident_bytes"
    case peakResidentBytes = "peak_resident_bytes"
  }

  /// - Parameters:
  ///   - runs: one for each repetition, at least one.
  ///   - peers: the engines' names and seconds.
  init(model: String, runs: [LoadTimes], peers: [(engine: String, seconds: Sample)]) {
    self.model = model
    let total = Sample(runs.map(\.total))
    self.total = total
    stages = Self.joined(runs.map(\.stages))
    parts = Self.joined(runs.map(\.parts))
    weightBytes = runs.first?.weightByteCount ?? 0
    residentBytes = runs.compactMap(\.residentByteCount).max()
    peakResidentBytes = runs.compactMap(\.peakResidentByteCount).max()
    self.peers = peers.map {
      Peer(engine: $0.engine, seconds: $0.seconds, ratio: total.ratio(to: $0.seconds))
    }
  }

  private static func joined(_ runs: [[LoadTimes.Stage]]) -> [Stage] {
    (runs.first ?? []).indices.map { index in
      Stage(
        name: runs[0][index].name,
        seconds: Sample(runs.compactMap { $0.indices.contains(index) ? $0[index].seconds : nil }))
    }
  }

  func print() {
    Swift.print("\(model): from the start of the process to the first token")
    var table = TextTable(["stage", "ms"], numeric: [1])
    for stage in stages { table.add([stage.name, BenchReport.spread(stage.seconds.map { $0 * 1e3 }, 1)]) }
    table.add(["in all", BenchReport.spread(total.map { $0 * 1e3 }, 1)])
    for part in parts {
      table.add(["  again: \(part.name)", BenchReport.spread(part.seconds.map { $0 * 1e3 }, 1)])
    }
    for peer in peers {
      table.add([
        "\(peer.engine) (\(String.fixed(peer.ratio.median, 2))x its time)",
        BenchReport.spread(peer.seconds.map { $0 * 1e3 }, 1),
      ])
    }
    table.printLines()
    func megabytes(_ bytes: Int) -> String { "\(String.fixed(Double(bytes) / 1e6, 1)) MB" }
    var line = "weights \(megabytes(weightBytes))"
    if let residentBytes { line += ", resident \(megabytes(residentBytes))" }
    if let peakResidentBytes { line += ", at most \(megabytes(peakResidentBytes))" }
    Swift.print(line)
  }
}
