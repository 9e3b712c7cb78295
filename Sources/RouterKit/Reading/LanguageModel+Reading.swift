internal import RouterModel

extension LanguageModel {
  /// Reads a text once, every token after those of the text (teacher forcing), and shows what its exits hold.
  ///
  /// Readings come exit by exit, and within an exit position by position, for one batch of positions after the other.
  /// A head for each is most of the work: leave logits out where hidden states are enough.
  /// - Parameters:
  ///   - tokens: `[T]`, at least one; see `LanguageModel.encode(_:)` and `LanguageModel.encodeChat(_:)`.
  ///   - positions: 0-based positions to show; `nil` for all.
  ///   - exits: depths to show, ascending; `nil` for all of the model's.
  ///   - logits: whether logits are computed.
  /// - Throws: `GenerationError` `invalidRequest` for a token, an exit or positions that are not there,
  ///   `contextOverflow` for a text beyond the context; what `body` throws.
  public func readExits(
    of tokens: [Int32], positions: Range<Int>? = nil, exits: [Int]? = nil, logits wantsLogits: Bool = true,
    _ body: (borrowing ExitReading) throws -> Void
  ) throws {
    let positions = positions ?? tokens.indices
    guard !tokens.isEmpty, positions.lowerBound >= 0, positions.upperBound <= tokens.count else {
      throw GenerationError(
        .invalidRequest, "positions \(positions) of a text of \(tokens.count) tokens are asked for",
        parameter: "positions", remedy: "Ask for positions within the text.")
    }
    let wanted = exits ?? self.exits
    guard !wanted.isEmpty, zip(wanted, wanted.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw GenerationError(
        .invalidRequest, "the exits \(wanted) are not ascending", parameter: "exits",
        remedy: "List each exit once, the shallowest first.")
    }
    for exit in wanted { try limits.check(maximumExit: exit) }
    do {
      let pass = try TeacherForcedPass(model, tokens: tokens, wanted: positions, exits: wanted)
      while let states = try pass.next() {
        for group in states.headGroups() {
          let logits = wantsLogits ? states.logits(group) : UnsafeBufferPointer(start: nil, count: 0)
          for (row, position) in group.enumerated() {
            let own = row * vocabularySize..<(row + 1) * vocabularySize
            try body(
              ExitReading(
                depth: states.depth, position: position, hidden: states.hidden(at: position),
                logits: wantsLogits ? UnsafeBufferPointer(rebasing: logits[own]) : logits))
          }
        }
      }
    } catch let error as ModelError {
      throw GenerationError(error)
    }
  }
}
