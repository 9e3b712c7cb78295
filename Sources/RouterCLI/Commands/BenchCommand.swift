import ArgumentParser
import Foundation
import RouterCalibration
import RouterCheckpoint
import RouterEvaluation
import RouterModel
import RouterTensor

/// `router bench`
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures speed, against what the machine can do and against other engines.",
    discussion: """
      First the machine: bytes a second read from memory, 8-bit and f32 operations a second. Then rows: ppN, a \
      prompt of N tokens, and tgN@C, N tokens one at a time after C positions; each with the least time that \
      the machine needs for the bytes and operations of the row, as a share of the time it took. Rows take turns \
      within each repetition; medians and spreads over repetitions are shown.

      --shape measures a model's shape with random weights (\(ModelShape.names)). Those of q4 have q4 layers \
      and a q8 head.

      --against COMMAND measures another engine in turn. The command is started once by a shell, loads what it \
      needs, and then reads lines, each the name of a row, and answers each with one line of JSON: \
      {"name": "tg128@0", "engine": "llama.cpp", "tokens_per_second": 42.0} or {"name": ..., "skipped": "why"}. \
      It ends with its input. .ci/checks/bench_llama_cpp.py is one.

      --modes compares ways of decoding on real prompts: speedup is full depth's seconds per token over a way's, \
      identical counts answers that are full depth's, token for token.

      --clients puts the prompts of --data to the engine from so many clients at a time, each sending its next when it \
      has its answer: tokens a second of all together while all are busy, the time to the first token and between \
      tokens, for full depth, verified and each --policy, in turn. --against-server URL adds a server that speaks \
      OpenAI's protocol, such as llama-server or router serve; it takes its turns like the others.
      """)

  @OptionGroup var subject: BenchSubjectOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Prompt lengths, or none.", valueName: "list"))
  var prefill = IntegerList([32, 128, 512])

  @Option(
    help: ArgumentHelp("Positions before the decoded tokens, or none for no decoding.", valueName: "list"))
  var context = IntegerList([0, 512, 2048])

  @Option(help: ArgumentHelp("Tokens to decode in each row.", valueName: "n"))
  var tokens = 128

  @Option(help: ArgumentHelp("Depths at which every token exits; full depth if absent.", valueName: "list"))
  var depth: IntegerList?

  @Option(
    help: ArgumentHelp(
      """
      How the most probable token is found when decoding: full (all logits), screened (as greedy answers are), \
      or both, separated by commas; screened for a checkpoint and full for a shape if absent, since what the \
      screen saves depends on real weights.
      """, valueName: "list"))
  var head: HeadList?

  @Option(
    help: ArgumentHelp(
      "With --shape: beside each row of decoded tokens, another whose tokens leave where those of this calibration's trace left, by share of the layers.",
      valueName: "trace"))
  var replay: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Times that each row is run.", valueName: "n"))
  var repetitions = 5

  @Option(
    help: ArgumentHelp("Command of another engine to measure in turn; may be repeated.", valueName: "command")
  )
  var against: [String] = []

  @Flag(help: "Show what a layer, a head and a decision cost here; measured once for each model and kept.")
  var costs = false

  @Flag(help: "With --costs: measure again.")
  var refresh = false

  @Flag(help: "Measure the time from the start of a process to its first token, and its memory.")
  var load = false

  @Flag(help: "Measure decoding beside a process that keeps core 0 busy, against one thread alone.")
  var besideLoad = false

  @Flag(
    help:
      "Answer the prompts of --data at full depth, verified and under each --policy, in turn, and compare.")
  var modes = false

  @Option(
    help: ArgumentHelp(
      "Answer the prompts of --data for so many clients at a time, such as 1,8,16.", valueName: "list"))
  var clients: IntegerList?

  @Option(
    help: ArgumentHelp(
      "With --clients: a server that speaks OpenAI's protocol, to take turns with; may be repeated.",
      valueName: "url"))
  var againstServer: [String] = []

  @Flag(help: "With --against-server: measure servers alone, and no engine in this process.")
  var serversOnly = false

  @Option(
    help: ArgumentHelp(
      "With --clients: then let a prompt of about n tokens arrive among the answers of the most clients.",
      valueName: "n"))
  var longPrompt: Int?

  @Option(
    help: ArgumentHelp(
      "With --clients: go from each number of clients to the next without a break, after so many seconds.",
      valueName: "seconds"))
  var stepSeconds: Int?

  @Option(
    help: ArgumentHelp("With --step-seconds: write a page with tables and plots.", valueName: "file"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "With --modes and --clients: rows of prompts, .json or .jsonl; may be repeated.", valueName: "file"))
  var data: [String] = []

  @Option(
    help: ArgumentHelp("With --modes and --clients: use the first n rows of each file.", valueName: "n"))
  var rows = 40

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("With --modes and --clients: a policy to compare; may be repeated.", valueName: "name")
  )
  var policy: [String] = []

  @Flag(help: "With --modes and --clients: use a policy although it was calibrated for another model.")
  var allowMismatch = false

  /// When the process that `--load` started was started; it reports to the one that did.
  @Option(help: .private)
  var loadStarted: Double?

  func validate() throws {
    if [costs, load, besideLoad, modes, clients != nil].count(where: { $0 }) > 1 {
      throw ValidationError("Give one of --costs, --load, --beside-load, --modes and --clients.")
    }
    if modes || clients != nil {
      let flag = modes ? "--modes" : "--clients"
      if subject.shape != nil { throw ValidationError("\(flag) wants a checkpoint, not --shape.") }
      if data.isEmpty { throw ValidationError("\(flag) needs --data: prompts to answer.") }
    } else if !(data.isEmpty && policy.isEmpty) {
      throw ValidationError("--data and --policy are for --modes and --clients.")
    }
    if let clients, clients.values.isEmpty || clients.values.contains(where: { !(1...1024).contains($0) }) {
      throw ValidationError("--clients wants numbers from 1 to 1024, such as 1,8,16.")
    }
    if clients == nil && (!againstServer.isEmpty || longPrompt != nil) {
      throw ValidationError("--against-server and --long-prompt are for --clients.")
    }
    if serversOnly && againstServer.isEmpty {
      throw ValidationError("--servers-only needs --against-server: what is to be measured.")
    }
    if let longPrompt, longPrompt < 1 {
      throw ValidationError("--long-prompt is \(longPrompt). Use at least 1.")
    }
    if let stepSeconds {
      guard clients != nil, longPrompt == nil else {
        throw ValidationError("--step-seconds is for --clients, without --long-prompt.")
      }
      guard (1...3600).contains(stepSeconds) else {
        throw ValidationError("--step-seconds is \(stepSeconds). Use 1 to 3600.")
      }
    } else if report != nil {
      throw ValidationError("--report is for --step-seconds.")
    }
    guard rows >= 1 else { throw ValidationError("--rows is \(rows). Use at least 1.") }
    if load && subject.shape != nil { throw ValidationError("--load wants a checkpoint, not --shape.") }
    if replay != nil && (subject.shape == nil || depth != nil) {
      throw ValidationError("--replay is for --shape, without --depth: where tokens leave is in the trace.")
    }
    if refresh && !costs { throw ValidationError("--refresh is for --costs.") }
    do {
      _ = try settings(replaying: [])
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private func settings(replaying shares: [Double]) throws(EvaluationError) -> BenchmarkSettings {
    try BenchmarkSettings(
      prefills: prefill.values, contexts: context.values, tokens: tokens, threads: subject.threadCounts,
      depths: depth?.values, replayed: shares,
      heads: head?.values ?? [subject.shape == nil ? .screened : .full],
      repetitions: repetitions)
  }

  func run() async throws {
    if let loadStarted { return try reportLoad(started: loadStarted) }
    if costs { return try runCosts() }
    if load { return try runLoad() }
    if besideLoad { return try runBesideLoad() }
    if modes { return try runModes() }
    if let clients { return try await runClients(stepSeconds == nil ? clients.values : clients.all) }
    try runRows()
  }

  private func runRows() throws {
    let settings = try settings(replaying: try replay.map { try RecordedDepths(trace: $0).shares } ?? [])
    let subjects = try subject.load()
    for subject in subjects { try settings.check(subject) }
    let meter = MachineMeter(threadCounts: settings.threads)
    meter.measure(repetitions: 5)
    let peers = try against.map { try PeerProcess(command: $0) }
    let benchmark = try withProgress("Filling contexts") {
      try Benchmark(subjects: subjects, settings: settings, peers: peers, progress: $0)
    }
    try withProgress("Measuring") { try benchmark.run(progress: $0) }
    let (peak, resident) = (SystemMemory.peakResident, SystemMemory.resident)
    meter.measure(repetitions: 5)
    let limits = meter.limits
    let results = benchmark.results(limits: limits)
    let report = BenchReport(
      machine: limits, models: subjects.map(BenchReport.Model.init), rows: results,
      peers: benchmark.peerResults(results), peakResidentByteCount: peak, residentByteCount: resident)
    if output.json { try OutputOptions.printJSON(report) } else { report.print() }
  }

  func withProgress<Result>(
    _ label: String, _ body: ((Double) -> Void) throws -> Result
  ) rethrows -> Result {
    let bar = ProgressBar(label)
    defer { bar.finish() }
    return try body { bar.update($0) }
  }
}
