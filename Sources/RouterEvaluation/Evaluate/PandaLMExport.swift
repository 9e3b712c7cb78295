import Foundation
import RouterDecoding

/// Answers in the form that PandaLM's EvaluationPipeline reads (github.com/WeOpenML/PandaLM): `input_data_path` is a
/// JSON array of {"instruction", "input"}, and each entry of `candidate_paths` a JSON array of answers in the same
/// order.
package enum PandaLMExport {
  /// A prompt as the judge sees it.
  private struct Prompt: Encodable {
    let instruction: String
    let input: String
  }

  /// What was written.
  package struct Files: Sendable, Codable, Equatable {
    package let prompts: String
    /// One for each subject.
    package let candidates: [String]
  }

  /// Writes `input.json` and one file of answers for each subject into `directory`.
  ///
  /// - Parameter answers: `[subjects][rows]`.
  /// - Throws: ``EvaluationError`` `unusableRow` for a conversation, which the judge cannot read, or `notStored`.
  package static func write(
    _ examples: [PromptExample], answers: [(subject: AnswerSubject, texts: [String])], to directory: String
  ) throws(EvaluationError) -> Files {
    var prompts: [Prompt] = []
    for (index, example) in examples.enumerated() {
      guard let instruction = example.instruction else {
        throw EvaluationError(
          .unusableRow, "PandaLM compares answers to instructions, not to conversations",
          at: "row \(index + 1)", remedy: "Give rows of the form instruction, input, output.")
      }
      prompts.append(Prompt(instruction: instruction.text, input: instruction.input))
    }
    let names = answers.map { answer in
      "\(directory)/" + answer.subject.name.replacingOccurrences(of: " ", with: "-") + ".json"
    }
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try encoded(prompts).write(to: URL(fileURLWithPath: "\(directory)/input.json"), options: .atomic)
      for (name, answer) in zip(names, answers) {
        try encoded(answer.texts).write(to: URL(fileURLWithPath: name), options: .atomic)
      }
    } catch {
      throw EvaluationError(
        .notStored, "the answers cannot be written: \(error.localizedDescription)", at: directory,
        remedy: "Choose another directory.")
    }
    return Files(prompts: "\(directory)/input.json", candidates: names)
  }

  private static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }
}
