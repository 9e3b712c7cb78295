import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit

// What `router bench` measures besides rows.
extension BenchCommand {
  /// `--costs`
  func runCosts() throws {
    var entries: [CostReport.Entry] = []
    for subject in try subject.load() {
      for threads in self.subject.threadCounts {
        entries.append(
          CostReport.Entry(
            model: subject.name, weights: subject.weights, threads: threads,
            costs: try CostSource(refresh: refresh)
              .costs(of: subject.model(threads: threads), fingerprint: subject.fingerprint)))
      }
    }
    let report = CostReport(processor: .current, entries: entries)
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  /// `--beside-load`
  func runBesideLoad() throws {
    let threads = subject.threadCounts.max() ?? 1
    for subject in try subject.load() {
      let result = try withProgress("Measuring") {
        try BesideLoad(subject, threads: threads, tokens: tokens, repetitions: repetitions, progress: $0)
      }
      if output.json {
        try OutputOptions.printJSON(result)
        continue
      }
      print("\(subject.name), \(subject.weights): decoding \(tokens) tokens")
      var table = TextTable(["", "tokens/s"], numeric: [1])
      table.add(["one thread alone", BenchReport.spread(result.alone, 1)])
      table.add(["threads \(threads) alone", BenchReport.spread(result.all, 1)])
      table.add(["threads \(threads) beside a busy process", BenchReport.spread(result.beside, 1)])
      for line in table.lines.dropFirst() { print(line) }
      print("beside it, \(String.fixed(result.ratio.median, 2)) of one thread alone")
    }
  }

  /// `--load`: starts this program anew for each repetition.
  func runLoad() throws {
    guard let executable = ExecutablePath.current else {
      throw CommandError(
        "the system does not tell where this program is", remedy: "Time `router generate` from outside.")
    }
    let path = try subject.path()
    let peers = try against.map { try PeerProcess(command: $0) }
    var names = peers.indices.map { "peer \($0 + 1)" }
    var seconds = peers.map { _ in Sample() }
    var runs: [LoadTimes] = []
    try withProgress("Loading") { progress in
      for repetition in 0..<repetitions {
        runs.append(try loadAnew(executable, path))
        for (index, peer) in peers.enumerated() {
          let answer = try peer.measure("load")
          names[index] = answer.engine ?? names[index]
          if let time = answer.seconds { seconds[index].append(time) }
        }
        progress(Double(repetition + 1) / Double(repetitions))
      }
    }
    let report = LoadReport(
      model: path, runs: runs, peers: zip(names, seconds).map { (engine: $0, seconds: $1) })
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  private func loadAnew(_ executable: String, _ path: String) throws -> LoadTimes {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: executable)
    process.standardOutput = pipe
    let threads = subject.threadCounts.max() ?? 1
    process.arguments = [
      "bench", "--model", path, "--threads", "\(threads)", "--load-started", "\(LoadTimes.now)",
    ]
    if let type = subject.keyValueType { process.arguments? += ["--kv-type", type.rawValue] }
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandError("the process that was to load the model failed", remedy: "Its message is above.")
    }
    return try JSONDecoder().decode(LoadTimes.self, from: data)
  }

  /// The other side of `loadAnew`.
  func reportLoad(started: Double) throws {
    let options = LanguageModel.LoadOptions(
      threadCount: subject.threadCounts.max(), keyValueType: subject.keyValueType)
    try OutputOptions.printJSON(
      LoadTimes(path: try subject.path(), options: options, started: started))
  }
}
