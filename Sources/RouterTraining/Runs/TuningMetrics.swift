import Foundation
import RouterPictures

/// The figures of a run, one JSON object a line, and the picture of them.
package final class TuningMetrics {
  /// One step.
  package struct Line: Codable, Equatable {
    /// From 1.
    package let step: Int
    /// Of this step.
    package let learningRate: Float
    /// Since the run was started or resumed.
    package let tokensPerSecond: Double
    /// By depth: cross-entropy, or divergence from full depth for adapters, in nats.
    package let losses: [String: Float]
    /// By depth: KL(original at full depth || exit) in nats; nil unless the loss distils.
    package var divergences: [String: Float]?
    /// By depth, on held-out texts: as ``losses`` and ``divergences``.
    package var heldOut: [String: Float]?
    package var heldOutDivergences: [String: Float]?
    /// Before clipping; nil for adapters.
    package var gradientNorm: Float?
    /// What is being done, on the first line since the run was started or resumed.
    package var tuning: String?

    /// Joins the figures of a step.
    package init(
      step: Int, learningRate: Float, tokensPerSecond: Double, losses: [String: Float],
      divergences: [String: Float]? = nil, heldOut: [String: Float]? = nil,
      heldOutDivergences: [String: Float]? = nil, gradientNorm: Float? = nil
    ) {
      self.step = step
      self.learningRate = learningRate
      self.tokensPerSecond = tokensPerSecond
      self.losses = losses
      self.divergences = divergences
      self.heldOut = heldOut
      self.heldOutDivergences = heldOutDivergences
      self.gradientNorm = gradientNorm
    }

    private enum CodingKeys: String, CodingKey {
      case step, losses, divergences, tuning
      case learningRate = "learning_rate"
      case tokensPerSecond = "tokens_per_second"
      case heldOut = "held_out"
      case heldOutDivergences = "held_out_divergences"
      case gradientNorm = "gradient_norm"
    }
  }

  private let directory: TuningDirectory
  private let tuning: String?
  private let encoder = JSONEncoder()
  private var lines: [Line] = []
  private var handle: FileHandle?

  /// Metrics of the run in `directory`, which may have some already.
  ///
  /// - Parameter tuning: what is being done, for the first line.
  package init(_ directory: TuningDirectory, tuning: String? = nil) {
    self.directory = directory
    self.tuning = tuning
    encoder.outputFormatting = .sortedKeys
  }

  deinit { try? handle?.close() }

  /// Appends a step. The first one of a resumed run takes the place of what a killed one wrote from it on.
  ///
  /// - Throws: ``TrainingError`` `inputOutput` if the disk refuses.
  package func append(_ line: Line) throws(TrainingError) {
    var line = line
    do {
      if handle == nil {
        try open(before: line.step)
        line.tuning = tuning
      }
      lines.append(line)
      try handle?.write(contentsOf: encoder.encode(line) + [0x0A])
    } catch {
      throw TrainingError(
        .inputOutput, "the metrics cannot be written: \(error.localizedDescription)", at: directory.metrics,
        remedy: "Check the disk, then go on with --resume.")
    }
  }

  private func open(before step: Int) throws {
    let decoder = JSONDecoder()
    let old = (try? Data(contentsOf: URL(fileURLWithPath: directory.metrics))) ?? Data()
    lines = old.split(separator: 0x0A).compactMap { try? decoder.decode(Line.self, from: Data($0)) }
      .filter { $0.step < step }
    let kept = try lines.reduce(into: Data()) { $0 += try encoder.encode($1) + [0x0A] }
    try kept.write(to: URL(fileURLWithPath: directory.metrics), options: .atomic)
    handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.metrics))
    try handle?.seekToEnd()
  }

  /// Draws the losses over the steps, and returns where; nil if there are none.
  ///
  /// - Throws: ``TrainingError`` `inputOutput` if the disk refuses.
  package func draw(title: String, verticalTitle: String) throws(TrainingError) -> String? {
    guard !lines.isEmpty else { return nil }
    let depths = Set(lines.flatMap(\.losses.keys)).sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
    let curves = depths.map { depth in
      (
        label: "exit \(depth)",
        points: lines.compactMap { line in line.losses[depth].map { (x: Double(line.step), y: Double($0)) } }
      )
    }
    let chart = LineChart(
      title: title, horizontalTitle: "step", verticalTitle: verticalTitle, curves: curves)
    do {
      try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: directory.curve), options: .atomic)
      return directory.curve
    } catch {
      throw TrainingError(
        .inputOutput, "the loss curve cannot be written to \(directory.curve): \(error.localizedDescription)",
        at: directory.curve, remedy: "Check the disk.")
    }
  }
}
