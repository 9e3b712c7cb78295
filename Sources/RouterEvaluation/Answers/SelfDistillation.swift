import Foundation
import RouterDecoding
import RouterTokenizer

/// Makes a model's own full-depth answers to prompts, as rows to tune on.
package struct SelfDistillation {
  /// How answers are made.
  package struct Settings: Sendable, Equatable {
    /// New tokens of an answer at most.
    package var maximumTokens: Int
    /// Of every second answer; the others are greedy.
    package var temperature: Float
    package var seed: UInt64

    package init(maximumTokens: Int = 160, temperature: Float = 0.8, seed: UInt64 = 1) {
      self.maximumTokens = maximumTokens
      self.temperature = temperature
      self.seed = seed
    }
  }

  /// A row of the file; `finish` is `length` where the answer was broken off.
  private struct Line: Codable {
    let question: String
    let answer: String
    let finish: String
    let temperature: Float
    let seed: UInt64
    /// 0-based row of the prompts.
    let row: Int
  }

  /// Top-p of sampled answers.
  private static let topP: Float = 0.95

  private let language: LanguageModel
  private let settings: Settings

  package init(_ language: LanguageModel, _ settings: Settings) {
    self.language = language
    self.settings = settings
  }

  /// Answers all rows and appends them to `path`, one JSON object a line; a file from an earlier run with the same
  /// rows is continued.
  ///
  /// Prompts beyond the context are passed over.
  /// - Parameter progress: receives the rows that are done; ends the run when it returns false.
  /// - Throws: ``EvaluationError`` `notStored`, or `malformed` for a file that is not of such a run.
  package func run(
    on examples: [PromptExample], to path: String, progress: (Int) -> Bool
  ) throws {
    let output = try ResumableLines(path: path)
    let done = try output.last.map { line in
      guard let last = try? JSONDecoder().decode(Line.self, from: line) else {
        throw EvaluationError(
          .malformed, "the file does not hold answers of self-distillation", at: path,
          remedy: "Choose another file, or remove this one.")
      }
      return last.row + 1
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for index in min(done ?? 0, examples.count)..<examples.count {
      guard progress(index) else { return }
      let example = examples[index]
      let prompt = try language.promptTokens(of: example)
      guard let room = try? language.limits.room(behind: prompt),
        let question = example.messages.last?.content, example.messages.count == 1
      else {
        continue
      }
      let temperature = index.isMultiple(of: 2) ? 0 : settings.temperature
      let seed = settings.seed &+ UInt64(index)
      let run = try FreeRunningAnswer(
        prompt: prompt, maximumTokens: min(settings.maximumTokens, room),
        sampling: temperature > 0
          ? try SamplingOptions(temperature: temperature, topP: Self.topP, seed: seed) : .greedy,
        stopStrings: language.chatStopStrings, on: language)
      guard !run.text.isEmpty else { continue }
      try output.append(
        encoder.encode(
          Line(
            question: question, answer: run.text, finish: run.isCutOff ? "length" : "stop",
            temperature: temperature, seed: seed, row: index)))
    }
    _ = progress(examples.count)
  }
}

/// A file of lines that grows, and whose last line may have been cut by a kill.
private final class ResumableLines {
  /// The last whole line of an existing file.
  let last: Data?
  private let path: String
  private let handle: FileHandle

  init(path: String) throws(EvaluationError) {
    self.path = path
    do {
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
      }
      let content = try Data(contentsOf: URL(fileURLWithPath: path))
      let whole = content.lastIndex(of: 0x0A).map { content[...$0] } ?? Data()
      last = whole.split(separator: 0x0A).last.map { Data($0) }
      handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try handle.truncate(atOffset: UInt64(whole.count))
      try handle.seekToEnd()
    } catch {
      throw Self.failure(error, path)
    }
  }

  deinit { try? handle.close() }

  func append(_ line: Data) throws(EvaluationError) {
    do {
      try handle.write(contentsOf: line + [0x0A])
    } catch {
      throw Self.failure(error, path)
    }
  }

  private static func failure(_ error: any Error, _ path: String) -> EvaluationError {
    EvaluationError(
      .notStored, "the answers cannot be written: \(error.localizedDescription)", at: path,
      remedy: "Check the disk and its permissions, then run the command again: it goes on where it stopped.")
  }
}
