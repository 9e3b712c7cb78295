import Foundation
import RouterDecoding
import RouterEvaluation

extension CalibrateCommand {
  /// The report's place beside the trace file.
  static func defaultReport(trace: String) -> String {
    URL(fileURLWithPath: trace).deletingPathExtension().appendingPathExtension("html").path
  }

  /// Writes the report of a calibration.
  ///
  /// - Throws: ``CommandError`` if the file cannot be written, or what makes the answers unusable.
  func writeReport(
    _ outcome: CalibrationOutcome, settings: CalibrationSettings, language: LanguageModel,
    examples: [PromptExample], trace: String, to path: String, progress: (Double) -> Void
  ) throws {
    let findings = try CalibrationFindings(
      outcome, settings: settings, language: language, examples: examples, sources: [("trace", trace)],
      progress: progress)
    do {
      try Data(CalibrationPage(findings).html.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandError(
        "the report cannot be written", at: path, remedy: "Choose another place with --report.")
    }
  }
}
