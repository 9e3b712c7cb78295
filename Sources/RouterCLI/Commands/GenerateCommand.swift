import ArgumentParser
import Foundation
import RouterDecoding
import RouterTokenizer

/// `router generate`
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Answers a prompt, or chats, on the terminal.",
    discussion: """
      The prompt is the argument, or standard input. Without either, on a terminal, a conversation begins: each \
      line is a message, an empty line ends it.
      """)

  @Argument(help: "What to say to the model.")
  var prompt: String?

  @OptionGroup var model: ModelOptions
  @OptionGroup var policy: PolicyOptions
  @OptionGroup var sampling: SamplingArguments
  @OptionGroup var output: OutputOptions

  @Option(name: [.customLong("system")], help: ArgumentHelp("System message.", valueName: "text"))
  var system: String?

  @Flag(help: "Go on from the prompt as plain text, without the chat template.")
  var raw = false

  @Flag(help: "Colour each token by the exit it left at, on a terminal.")
  var showExits = false

  func run() async throws {
    let language = try model.load()
    let decoding = try policy.decoding(for: language)
    let engine = InferenceEngine(model: language, sequences: 1)
    let session = GenerateSession(
      engine: engine, decoding: decoding, maximumExit: policy.maxExit,
      sampling: try sampling.options(), maximumTokens: sampling.maxTokens, stopStrings: sampling.stop,
      ignoresEndOfText: sampling.ignoreEos)
    if let text = try promptText() {
      try await answer(text, session)
    } else {
      try await converse(session)
    }
    await engine.shutDown(grace: .zero)
  }

  /// The argument, or standard input unless that is a terminal.
  private func promptText() throws -> String? {
    if let prompt { return prompt }
    guard !Terminal.inputIsTerminal else { return nil }
    let data = FileHandle.standardInput.readDataToEndOfFile()
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandError("standard input is not UTF-8 text", remedy: "Convert it, for example with iconv.")
    }
    return text
  }

  private func answer(_ text: String, _ session: GenerateSession) async throws {
    let language = session.engine.model
    let isChat = !raw && language.hasChatTemplate
    let tokens =
      isChat
      ? try language.encodeChat(opening + [ChatMessage(role: .user, content: text)]) : language.encode(text)
    let result = try await session.run(tokens, isChat: isChat) { token in
      if !output.json { Terminal.write(painted(token, language)) }
    }
    if output.json {
      try OutputOptions.printJSON(result)
    } else {
      Terminal.write("\(result.trailingText)\n")
      Terminal.note(result.summaryLine)
    }
  }

  private func converse(_ session: GenerateSession) async throws {
    let language = session.engine.model
    guard language.hasChatTemplate else {
      throw CommandError(
        "the model \(language.name) has no chat template", remedy: "Give a prompt, or use another model.")
    }
    var messages = opening
    while true {
      Terminal.write("> ")
      guard let line = readLine(), !line.isEmpty else { return }
      messages.append(ChatMessage(role: .user, content: line))
      let result = try await session.run(try language.encodeChat(messages), isChat: true) { token in
        Terminal.write(painted(token, language))
      }
      Terminal.write("\(result.trailingText)\n")
      Terminal.note(result.summaryLine)
      messages.append(ChatMessage(role: .assistant, content: result.text))
    }
  }

  private var opening: [ChatMessage] {
    system.map { [ChatMessage(role: .system, content: $0)] } ?? []
  }

  /// A token's text, with a background from the 256-colour cube: shallow exits green, full depth plain.
  private func painted(_ token: GeneratedToken, _ language: LanguageModel) -> String {
    guard showExits, Terminal.usesColour, token.depth < language.layerCount else { return token.text }
    let share = Double(token.depth) / Double(language.layerCount)
    let colour = share < 0.4 ? 22 : share < 0.6 ? 28 : share < 0.8 ? 58 : 94
    return "\u{1B}[48;5;\(colour)m\(token.text)\u{1B}[0m"
  }
}
