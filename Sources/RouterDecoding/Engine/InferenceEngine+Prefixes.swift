import RouterCheckpoint
import RouterModel

extension InferenceEngine {
  /// The scope of requests that name none: that of kept prefixes.
  static let sharedScope: PrefixIndex.Scope = ""

  /// One part in so many of the pages may be kept for prefixes, where the engine keeps any.
  package static let prefixShare = 4

  /// Reads a prompt through all layers, in the sweeps that other requests take part in, and keeps its exact keys and values.
  ///
  /// - Parameter tokens: `[T]`, fewer than the model's context.
  /// - Throws: ``GenerationError`` as ``submit(_:)``, and what else may become of a sequence.
  func readPrefix(_ tokens: [Int32]) async throws -> HeldPrefix {
    let slot = PrefixSlot()
    let request = GenerationRequest(
      prompt: tokens, maximumTokens: 1, ignoresEndOfText: true, prefixScope: Self.sharedScope)
    for try await _ in try submit(request, keeping: slot) {}
    guard let held = slot.take() else {
      try Task.checkCancellation()
      throw GenerationError(
        .shuttingDown, "the engine shut down before the prompt had been read",
        remedy: "Send the request again.")
    }
    return held
  }

  /// Keeps a prefix whose keys and values are known from before.
  ///
  /// - Parameters:
  ///   - tokens: `[T]`, within the vocabulary.
  ///   - fill: writes the bytes of a page, 0-based.
  /// - Throws: ``ModelError`` `outOfPages`.
  func restorePrefix(
    _ tokens: [Int32], fill: (Int, UnsafeMutableRawBufferPointer) -> Void
  ) throws(ModelError) -> HeldPrefix {
    try worker.pool.restore(tokens, scope: Self.sharedScope, fill: fill)
  }

  /// What decides the bytes of the engine's pages.
  var pageOrigin: PrefixRecord.Origin {
    worker.pool.layout.origin(of: model.model, fingerprint: model.fingerprint)
  }
}
