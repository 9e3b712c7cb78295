import RouterExit
import RouterModel

// The choice.
extension DecodingSequence {
  /// Positions whose next tokens are to be chosen and of which the head has not been asked: the current one, and those
  /// behind it that are likely enough to share its read.
  var unreadPositions: [Int] {
    guard !isFinished, let round else { return [] }
    switch round.need {
    case .draft: return results[round.count - 1] == nil ? [round.count - 1] : []
    case .choice(let current):
      guard results[current] == nil else { return [] }
      let likely = max(current + 1, chances.rowCount(reachedWith: Self.preparedChance))
      return (current..<min(likely, round.count)).prefix {
        round.positions[$0].exit != nil && results[$0] == nil
      }
    default: return []
    }
  }

  /// Probability to be reached from which a row's head is computed along with the others': about what it costs
  /// so, over what it costs alone.
  private static let preparedChance = 0.15

  /// What is needed of the head after a position.
  func headRow(after position: Int) -> HeadReader.Row {
    let input = UnsafePointer(headInput(position))
    if case .draft = round?.need {
      return HeadReader.Row(input: input, depth: rows.depth, demand: .mostProbable)
    }
    let exit = round?.positions[position].exit
    return HeadReader.Row(
      input: input, depth: exit?.depth ?? rows.depthLimit, demand: demand, head: exit?.head ?? .full)
  }

  /// Tokens in a row whose leading logits the screen may not tell before it is no longer asked.
  private static let missLimit = 4

  /// Notes whether the screen of the head could tell what was wanted.
  func note(missed: Bool) {
    misses = missed ? misses + 1 : 0
    if misses == Self.missLimit { demand = .all }
  }

  /// Whether a token can be chosen.
  var canChoose: Bool {
    if !isFinished, case .choice(let current) = round?.need { results[current] != nil } else { false }
  }

  /// Chooses tokens as far as the head has been asked.
  func choose() {
    while let round, case .choice(let current) = round.need, let result = results[current],
      let exit = round.positions[current].exit
    {
      do throws(GenerationError) {
        let token = try writer.choose(from: result, at: exit, drafting: summary, into: &events)
        self.round?.choose(token)
        if writer.isFinished { return }
        // An accepted draft is a token of the sequence like any other.
        if self.round?.need != .nothing { extendDrafter(to: writer.sequence.count) }
      } catch {
        failure = error
        return
      }
    }
  }

  /// The draft that the exit where the last token is makes; nil without a finite logit.
  func takeExitDraft() -> Draft? {
    guard case .draft = round?.need, let position = round.map({ $0.count - 1 }),
      let result = results[position]
    else { return nil }
    results[position] = nil
    let token: Int32? =
      switch result {
      case .choice(let token): token
      case .logits(let logits): SoftmaxStatistics.argmax(UnsafeBufferPointer(logits)).map { Int32($0) }
      }
    return token.map { Draft(token: $0, source: .exit(depth: rows.depth)) }
  }
}
