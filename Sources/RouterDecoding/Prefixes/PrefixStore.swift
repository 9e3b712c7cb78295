import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor
import Synchronization

/// Named prefixes of an engine: in memory, where every request of the shared scope finds them, and in a file.
///
/// The file always holds what ``list`` says: a change is written first, and counts once it has been. Changes are made one
/// after the other. A file belongs to one store: another one that writes it has the last word.
package final class PrefixStore: Sendable {
  /// Path of the file.
  package let path: String
  private let engine: InferenceEngine
  private let tool: String
  private let state: Mutex<State>

  private struct State {
    var entries: [String: Entry]
    /// The change that was asked for last.
    var last: Task<Void, Never>?
  }

  /// One kept prefix.
  struct Entry {
    let held: HeldPrefix
    let created: Int
  }

  /// Opens a file, whose prefixes are kept from then on; one that does not exist is made by the first ``keep(_:as:)``.
  ///
  /// - Parameters:
  ///   - engine: keeps prefixes, and has no requests yet.
  ///   - tool: name and version of this software, for the file.
  /// - Throws: `CheckpointError` if the file is damaged or of another kind; ``PrefixError`` `foreignFile`, `invalidFile` or
  ///   `tooLarge` if it does not fit the engine.
  package init(path: String, for engine: InferenceEngine, tool: String) throws {
    self.path = path
    self.engine = engine
    self.tool = tool
    // What a server that was killed while it wrote has left.
    AtomicFile.removeLeftovers(in: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    state = Mutex(State(entries: try Self.entries(path, engine)))
  }

  /// What is kept, in the order of names.
  package var list: [KeptPrefix] {
    state.withLock { $0.entries }.map(Self.description).sorted { $0.name < $1.name }
  }

  /// The prefix of that name.
  package subscript(name: String) -> KeptPrefix? {
    state.withLock { $0.entries[name] }.map { Self.description(name, $0) }
  }

  /// What they take.
  package var usage: PrefixUsage {
    let entries = state.withLock { $0.entries }
    return PrefixUsage(
      count: entries.count, pages: Self.pages(of: entries.values.map(\.held)).count,
      pageLimit: engine.prefixPageLimit)
  }

  private static func description(_ name: String, _ entry: Entry) -> KeptPrefix {
    KeptPrefix(
      name: name, tokenCount: entry.held.tokens.count, pageCount: entry.held.pages.count,
      created: entry.created)
  }

  private static func pages(of prefixes: some Sequence<HeldPrefix>) -> Set<Int> {
    prefixes.reduce(into: []) { $0.formUnion($1.pages) }
  }

  /// Reads a prompt in full depth and keeps it, in place of one of the same name.
  ///
  /// - Parameter tokens: `[T]`, within the vocabulary.
  /// - Throws: ``PrefixError`` or ``GenerationError``; what was kept before is kept then, and the file is as it was.
  package func keep(_ tokens: [Int32], as name: String) async throws -> KeptPrefix {
    guard PrefixRecord.isValidName(name) else {
      throw PrefixError(
        .invalidName, "a prefix cannot have the name '\(name.prefix(80))'",
        remedy: "Use 1 to \(PrefixRecord.nameByteCounts.upperBound) letters, digits, '-', '_' and '.', "
          + "a letter or a digit first.")
    }
    return try await inTurn { [self] in
      let entries = state.withLock { $0.entries }
      try check(tokens, as: name, beside: entries)
      let entry = Entry(
        held: try await engine.readPrefix(tokens), created: Int(Date().timeIntervalSince1970))
      let pages = Self.pages(of: entries.values.map(\.held) + [entry.held]).count
      guard pages <= engine.prefixPageLimit else { throw tooLarge(pages, entries) }
      try await replace(entries.merging([name: entry]) { _, new in new })
      return Self.description(name, entry)
    }
  }

  /// Keeps a prefix no longer; its pages go when somebody needs the room.
  ///
  /// - Throws: ``PrefixError`` `unknownName`, or if the file cannot be written: it is kept then.
  package func forget(_ name: String) async throws {
    try await inTurn { [self] in
      var entries = state.withLock { $0.entries }
      guard entries.removeValue(forKey: name) != nil else { throw Self.unknown(name) }
      try await replace(entries)
    }
  }

  /// The error for a name that no prefix has.
  package static func unknown(_ name: String) -> PrefixError {
    PrefixError(
      .unknownName, "no prefix has the name '\(name.prefix(80))'",
      remedy: "GET /v1/prefixes lists those that are kept.")
  }

  /// Does what is asked for after all that was asked for before; not, if whoever asked is cancelled before it is written.
  private func inTurn<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let task = state.withLock { state in
      let previous = state.last
      let task = Task {
        await previous?.value
        try Task.checkCancellation()
        return try await body()
      }
      state.last = Task { _ = await task.result }
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

// Limits.
extension PrefixStore {
  /// Checks that there is room for one more, before it is read. One that is replaced is kept until the new one is written.
  private func check(
    _ tokens: [Int32], as name: String, beside entries: [String: Entry]
  ) throws(PrefixError) {
    guard tokens.count >= PrefixIndex.leastTail else {
      throw PrefixError(
        .tooShort,
        "fewer than \(PrefixIndex.leastTail) tokens are read as soon as they are re-used, and the prefix has "
          + "\(tokens.count)",
        remedy: "Send a longer one.")
    }
    guard entries[name] != nil || entries.count < PrefixRecord.maximumCount else {
      throw PrefixError(
        .tooLarge, "\(entries.count) prefixes are kept, as many as there may be",
        remedy: "Delete one with DELETE /v1/prefixes/NAME.")
    }
    let size = KeyValueLayout.pagePositions
    let shared =
      entries.values.map { entry in
        zip(entry.held.tokens, tokens).prefix { $0 == $1 }.count / size
      }.max() ?? 0
    let pages =
      Self.pages(of: entries.values.map(\.held)).count + KeyValueLayout.pageCount(for: tokens.count) - shared
    guard pages <= engine.prefixPageLimit else { throw tooLarge(pages, entries) }
  }

  private func tooLarge(_ pages: Int, _ entries: [String: Entry]) -> PrefixError {
    let kept = Self.pages(of: entries.values.map(\.held)).count
    return PrefixError(
      .tooLarge,
      "prefixes may hold \(engine.prefixPageLimit) pages of \(KeyValueLayout.pagePositions) tokens, one part in "
        + "\(InferenceEngine.prefixShare) of the memory for keys and values; those that are kept hold \(kept), and with "
        + "this one it would be \(pages)",
      remedy:
        "Shorten it, delete others with DELETE /v1/prefixes/NAME, or start the server with more --kv-memory.")
  }
}

// The file.
extension PrefixStore {
  /// Writes what is to be kept, and keeps it.
  private func replace(_ entries: [String: Entry]) async throws(PrefixError) {
    let sources = entries.map { name, entry in
      PrefixFile.Source(
        entry: .init(name: name, tokenCount: entry.held.tokens.count, created: entry.created),
        tokens: entry.held.tokens, fill: entry.held.copyPage)
    }
    let (path, origin, metadata, tool) = (path, engine.pageOrigin, engine.model.metadata, tool)
    // Disks are slow: other requests go on.
    let failure: CheckpointError? = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        do throws(CheckpointError) {
          try PrefixFile.write(to: path, origin: origin, prefixes: sources, base: metadata, tool: tool)
          continuation.resume(returning: nil)
        } catch {
          continuation.resume(returning: error)
        }
      }
    }
    if let failure {
      let isFull = failure.code == .noSpace
      throw PrefixError(
        isFull ? .noSpace : .storageFailure, "the prefix file cannot be written: \(failure.what)", at: path,
        remedy:
          "\(isFull ? "Free some space" : "Check the path, its permissions and the device"), and send the "
          + "request again; what was kept before still is.")
    }
    state.withLock { $0.entries = entries }
  }

  /// The prefixes of a file; none if it does not exist.
  private static func entries(_ path: String, _ engine: InferenceEngine) throws -> [String: Entry] {
    let file: PrefixFile
    do throws(CheckpointError) {
      file = try PrefixFile(path: path)
    } catch {
      if error.code == .notFound { return [:] }
      throw error
    }
    try check(file, engine)
    let prefixes = try file.load()
    let vocabulary = engine.model.vocabularySize
    for prefix in prefixes {
      if let stray = prefix.tokens.first(where: { $0 < 0 || $0 >= vocabulary }) {
        throw PrefixError(
          .invalidFile,
          "the prefix '\(prefix.entry.name)' has the token id \(stray); the model has ids from 0 to \(vocabulary - 1)",
          at: path, remedy: remedy)
      }
    }
    var entries: [String: Entry] = [:]
    let size = engine.pageOrigin.pageByteCount
    for prefix in prefixes {
      let held = try engine.restorePrefix(prefix.tokens) { page, target in
        target.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: prefix.pages.bytes[page * size..<(page + 1) * size]))
      }
      entries[prefix.entry.name] = Entry(held: held, created: prefix.entry.created)
    }
    return entries
  }

  private static let remedy =
    "Give --prefix-file another path, or remove the file and send the prefixes again with POST /v1/prefixes."

  /// Checks that a file's pages are those that the engine would have made, and that there is room for them.
  private static func check(_ file: PrefixFile, _ engine: InferenceEngine) throws(PrefixError) {
    let (found, own) = (file.record.origin, engine.pageOrigin)
    func require(
      _ isSame: Bool, _ what: @autoclosure () -> String, or way: String? = nil
    ) throws(PrefixError) {
      guard isSame else {
        throw PrefixError(
          .foreignFile, what(), at: file.path,
          remedy: way.map { "Start with \($0), or \(remedy.prefix(1).lowercased())\(remedy.dropFirst())" }
            ?? remedy
        )
      }
    }
    try require(
      found.fingerprint == own.fingerprint,
      "the prefixes were made with another model (\(file.modelName), \(found.fingerprint.prefix(12))...) than this one "
        + "(\(engine.model.name), \(own.fingerprint.prefix(12))...)")
    try require(
      found.layerCount == own.layerCount,
      "the prefixes were made with \(found.layerCount) layers loaded, and \(own.layerCount) are",
      or: "the same --max-exit")
    try require(
      found.activations == own.activations,
      "the prefixes were made with activations in \(found.activations.prefix(20)), and here they are in "
        + "\(own.activations)", or: "the same --exact-activations")
    try require(
      found.element == own.element,
      "the prefixes hold keys and values as \(found.element.prefix(20)), and here they are held as \(own.element)",
      or: "the same --kv-type")
    try require(
      found.kernels == own.kernels,
      "the prefixes were made on a processor with \(found.kernels.prefix(20)), whose last bits are not those of "
        + "\(own.kernels) here")
    try require(found == own, "the pages of the prefixes lie otherwise than the model's")
    for entry in file.record.prefixes where entry.tokenCount >= engine.model.contextLength {
      throw PrefixError(
        .invalidFile,
        "the prefix '\(entry.name)' has \(entry.tokenCount) tokens, and the model's context \(engine.model.contextLength)",
        at: file.path, remedy: remedy)
    }
    guard file.record.pageCount <= engine.prefixPageLimit else {
      let bytes = file.record.pageCount * InferenceEngine.prefixShare * own.pageByteCount
      throw PrefixError(
        .tooLarge,
        "the prefixes take \(file.record.pageCount) pages of keys and values, and one part in "
          + "\(InferenceEngine.prefixShare) of the memory for those has room for \(engine.prefixPageLimit)",
        at: file.path, remedy: "Give --kv-memory \((bytes >> 20) + 1) MiB at least, or another file.")
    }
  }
}
