import RouterEvaluation
import RouterModel
import RouterTensor

/// What `router bench` tells.
struct BenchReport: Encodable {
  /// A measured model.
  struct Model: Encodable {
    let name: String
    let weights: String
    let layers: Int
    let weightBytes: Int
    let headBytes: Int
    /// How keys and values are held.
    let keyValueType: String

    private enum CodingKeys: String, CodingKey {
      case name, weights, layers
      case keyValueType = "kv_type"
      case weightBytes = "weight_bytes"
      case headBytes = "head_bytes"
    }

    init(_ subject: BenchmarkSubject) {
      name = subject.name
      weights = subject.weights
      layers = subject.model.layerCount
      weightBytes = subject.model.weights.byteCount
      headBytes = subject.model.weights.head.byteCount
      keyValueType = subject.model.fittingCacheElement.rawValue
    }
  }

  let machine: MachineLimits
  let models: [Model]
  let rows: [BenchmarkResult]
  let peers: [PeerResult]
  let peakResidentByteCount: Int?
  let residentByteCount: Int?

  private enum CodingKeys: String, CodingKey {
    case machine, models, rows, peers
    case peakResidentByteCount = "peak_resident_bytes"
    case residentByteCount = "resident_bytes"
  }

  func print() {
    Self.printMachine(machine)
    Swift.print("")
    for model in models {
      Swift.print(
        "\(model.name), \(model.weights): \(model.layers) layers, \(Self.mega(Double(model.weightBytes))) MB of weights, "
          + "of which the head \(Self.mega(Double(model.headBytes))) MB; keys and values in \(model.keyValueType)"
      )
    }
    printRows()
    printReplays()
    if !peers.isEmpty { printPeers() }
    if let residentByteCount, let peakResidentByteCount {
      Swift.print(
        "\nresident \(Self.mega(Double(residentByteCount))) MB, at most \(Self.mega(Double(peakResidentByteCount))) MB"
      )
    }
  }

  static func printMachine(_ machine: MachineLimits) {
    let processor = machine.processor
    Swift.print(
      "\(processor.name), \(processor.cores) cores, kernels \(machine.kernels); read over \(machine.bufferByteCount >> 20) MiB"
    )
    var table = TextTable(["threads", "read GB/s", "int8 GOPS", "f32 GFLOPS"], numeric: [0, 1, 2, 3])
    for rates in machine.rates {
      table.add([
        "\(rates.threads)", spread(rates.read.map { $0 / 1e9 }, 1), spread(rates.int8.map { $0 / 1e9 }, 0),
        spread(rates.f32.map { $0 / 1e9 }, 0),
      ])
    }
    table.printLines()
  }

  private func printRows() {
    var table = TextTable(
      [
        "row", "weights", "threads", "depth", "head", "tokens/s", "ms/token", "in layers", "in head",
        "MB/token",
        "MOP/token",
        "limit", "share",
      ], numeric: [2, 3, 5, 6, 7, 8, 9, 10, 12])
    for row in rows {
      let tokens = Double(row.phase.tokens)
      table.add([
        row.phase.name, row.weights, "\(row.threads)", Self.depth(of: row), row.head.rawValue,
        Self.spread(row.tokensPerSecond, 1),
        .fixed(row.seconds.median / tokens * 1e3, 3), .fixed(row.layerSeconds.median / tokens * 1e3, 3),
        .fixed(row.headSeconds.median / tokens * 1e3, 3), Self.mega(row.bytesPerToken),
        Self.mega(row.operationsPerToken, 0), row.limit.cause.rawValue,
        "\(String.fixed(row.shareOfLimit * 100, 0)) %",
      ])
    }
    table.printLines()
    for row in rows {
      guard let screen = row.screen else { continue }
      Swift.print(
        "\(row.phase.name), depth \(row.depth), threads \(row.threads): the screen of the head left "
          + "\(String.fixed(screen.rescoredRows, 0)) rows a token to compare exactly, and could not tell in "
          + "\(String.fixed(screen.fallbackRate * 100, 2)) % of the tokens")
    }
  }

  /// A replay's mean depth, or the depth of all tokens.
  private static func depth(of row: BenchmarkResult) -> String {
    if case .replay = row.phase { .fixed(row.meanDepth, 2) } else { "\(row.depth)" }
  }

  /// What a replay is, and how it compares with full depth in the same run.
  private func printReplays() {
    for row in rows {
      guard case .replay(_, let context) = row.phase,
        let full = rows.first(where: {
          $0.phase == .decode(tokens: row.phase.tokens, context: context) && $0.weights == row.weights
            && $0.threads == row.threads && $0.depth == row.depth && $0.head == row.head
        })
      else { continue }
      let ratio = row.tokensPerSecond.ratio(to: full.tokensPerSecond)
      Swift.print(
        "\(row.phase.name), \(row.weights), threads \(row.threads): \(String.fixed(ratio.median, 2))x of \(full.phase.name). "
          + "A replay: random weights, depths by the shares of the layers that the trace recorded, keys and values of "
          + "skipped layers from the exit's state; what deciding costs is not in it.")
    }
  }

  private func printPeers() {
    var table = TextTable(["row", "engine", "tokens/s", "router against it"], numeric: [2])
    for peer in peers {
      let ratios = peer.ratios.map { ratio in
        "\(String.fixed(ratio.ratio.median, 2))x (\(ratio.weights), threads \(ratio.threads), \(ratio.head.rawValue) head)"
      }
      table.add([
        peer.name, peer.engine, peer.skipped == nil ? Self.spread(peer.tokensPerSecond, 1) : "-",
        peer.skipped.map { "skipped: \($0)" } ?? ratios.joined(separator: ", "),
      ])
    }
    Swift.print("")
    table.printLines()
  }

  /// The median, and the least and greatest value if there are several.
  static func spread(_ sample: Sample, _ decimals: Int) -> String {
    let median = String.fixed(sample.median, decimals)
    guard sample.values.count > 1 else { return median }
    return "\(median) (\(String.fixed(sample.minimum, decimals))-\(String.fixed(sample.maximum, decimals)))"
  }

  private static func mega(_ value: Double, _ decimals: Int = 1) -> String { .fixed(value / 1e6, decimals) }
}
